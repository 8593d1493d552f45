//! What `--help` says beside the options: the commands in groups, examples, variables and files.

use std::fmt::Write;

use clap::{Command, CommandFactory};

use crate::args::Cli;

/// The commands as people meet them. clap has no groups for commands, so their list is made here, in its own words.
const GROUPS: &[(&str, &[&str])] = &[
    ("Run it", &["serve", "demo"]),
    ("Set it up", &["init", "token", "login", "doctor"]),
    ("Use it from programs", &["show", "env", "fields"]),
    ("For shells and builds", &["completions", "generate-json-schema", "generate-ts"]),
];

/// The command line with its help.
pub(crate) fn command() -> Command {
    let command = Cli::command();
    let groups = groups(&command);
    command.help_template(format!(
        "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{groups}Options and settings:\n{{options}}{{after-help}}"
    ))
}

fn groups(command: &Command) -> String {
    let mut text = String::new();
    for (title, names) in GROUPS {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{title}:");
        for subcommand in names.iter().filter_map(|name| command.find_subcommand(name)) {
            let about = subcommand.get_about().map(ToString::to_string).unwrap_or_default();
            let _ = writeln!(text, "  {:<21} {about}", subcommand.get_name());
        }
        text.push('\n');
    }
    text
}

pub(crate) const AFTER: &str = "\
Examples:
  codex-gateway demo           try it: no account is needed
  codex-gateway init           write a config file, with a local token that lasts
  codex-gateway                start the gateway
  codex-gateway --port 9000    start it on another port
  codex-gateway show           print the lines for Python
  codex-gateway doctor         find out why something does not work

A setting is taken from the command line, else from its variable, else from the config file. Each
field of the file has a variable, such as CODEX_GATEWAY_MAX_ACTIVE_TURNS for max_active_turns; only
model_aliases, token_place and desktop have none.

Variables of their own:
  CODEX_GATEWAY_LOG    what is logged, such as warn or gateway=debug [default: info]
  CODEX_HOME           Codex's own home, with its sign-in [default: ~/.codex]

Files:
  ~/.config/codex-gateway/config.json    the settings and the local token (mode 0600)

The exit status is 0 if all went well, 1 for an error, 2 for a command line that is not understood.";

pub(crate) const SERVE: &str = "\
Examples:
  codex-gateway serve
  codex-gateway serve --port 0 --json     take a free port, and say in one line of JSON which
  CODEX_GATEWAY_LOG=warn codex-gateway serve";

pub(crate) const INIT: &str = "\
Examples:
  codex-gateway init
  codex-gateway init --keyring      keep the token in the keyring instead of the file
  codex-gateway init --port 9000    write this port to the file, too";

pub(crate) const TOKEN: &str = "\
Examples:
  codex-gateway token
  codex-gateway token --rotate             make a new token, where the old one was
  codex-gateway token --keyring            move it to the system's keyring
  codex-gateway token --rotate --file      the way out when the keyring is lost";

pub(crate) const ENV: &str = "\
Examples:
  eval \"$(codex-gateway env)\"
  export OPENAI_BASE_URL=\"$CODEX_GATEWAY_BASE_URL\" OPENAI_API_KEY=\"$CODEX_GATEWAY_TOKEN\"";

pub(crate) const COMPLETIONS: &str = "\
Examples:
  codex-gateway completions bash >~/.local/share/bash-completion/completions/codex-gateway
  codex-gateway completions fish >~/.config/fish/completions/codex-gateway.fish";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_in_one_group() {
        let command = Cli::command();
        let mut shown: Vec<_> = command
            .get_subcommands()
            .filter(|subcommand| !subcommand.is_hide_set())
            .map(Command::get_name)
            .collect();
        let mut grouped: Vec<_> = GROUPS.iter().flat_map(|(_, names)| *names).copied().collect();
        shown.sort_unstable();
        grouped.sort_unstable();
        assert_eq!(shown, grouped);
    }

    #[test]
    fn what_a_command_does_fits_beside_its_name() {
        for line in groups(&Cli::command()).lines() {
            assert!(line.len() <= 100, "{line}");
        }
    }
}
