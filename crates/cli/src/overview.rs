//! The command line with its help, in which the commands stand in groups.

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
