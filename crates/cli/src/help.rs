//! What `--help` says below the options: examples, variables and files.

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
