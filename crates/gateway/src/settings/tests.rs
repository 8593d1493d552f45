//! Where a setting is taken from, and what is refused.

use super::*;

fn load(overrides: &Overrides, env: &[(&str, &str)], file: &str) -> Result<Settings, SettingsError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.json");
    std::fs::write(&path, file).unwrap();
    let variable =
        |name: &str| env.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    Settings::from_sources(overrides, variable, Some(&path))
}

fn problem(env: &[(&str, &str)], file: &str) -> String {
    load(&Overrides::default(), env, file).unwrap_err().to_string()
}

#[test]
fn flags_come_before_the_environment_and_that_before_the_file() {
    let file = r#"{"token": "from-file", "port": 1, "reasoning_effort": "low"}"#;
    let env = [("CODEX_GATEWAY_TOKEN", "from-env"), ("CODEX_GATEWAY_PORT", "2")];
    let flags = Overrides { port: Some(3), ..Overrides::default() };
    let settings = load(&flags, &env, file).unwrap();
    assert_eq!(settings.token, Some(Token::parse("from-env").unwrap()));
    assert_eq!((settings.port, settings.reasoning_effort.as_deref()), (3, Some("low")));
}

#[test]
fn nothing_at_all_gives_the_defaults() {
    let settings = load(&Overrides::default(), &[], "{}").unwrap();
    assert_eq!(settings, Settings::default());
    assert_eq!((settings.host.to_string().as_str(), settings.port), ("127.0.0.1", 8000));
    assert_eq!((settings.token, settings.reasoning_effort), (None, None));
    assert_eq!((settings.max_active_turns, settings.max_queued_turns), (16, 64));
    assert!(settings.warnings.is_empty());
}

#[test]
fn only_loopback_is_listened_on() {
    for host in ["127.0.0.1", "127.1.2.3", "::1", "[::1]", "localhost"] {
        assert!(load(&Overrides::default(), &[("CODEX_GATEWAY_HOST", host)], "{}").is_ok(), "{host}");
    }
    for host in ["0.0.0.0", "::", "192.168.0.1", "example.org", ""] {
        let problem = problem(&[("CODEX_GATEWAY_HOST", host)], "{}");
        assert!(problem.starts_with("CODEX_GATEWAY_HOST is") && problem.contains("127.0.0.1"), "{problem}");
    }
}

#[test]
fn problems_name_their_source_and_never_the_token() {
    assert!(
        problem(&[("CODEX_GATEWAY_PORT", "many")], "{}")
            .starts_with("CODEX_GATEWAY_PORT must be a whole number from 0 to 65535")
    );
    assert!(problem(&[], r#"{"max_active_turns": 0}"#).contains("`max_active_turns` in"));
    assert!(problem(&[], r#"{"port": 70000}"#).contains("line 1"));
    let problem = problem(&[], r#"{"token": "sk-secret"}"#);
    assert!(problem.contains("API key") && !problem.contains("sk-secret"), "{problem}");
}

#[test]
fn choices_are_made_by_name() {
    let file = r#"{"unsupported_parameters": "ignore", "codex_home": "own", "model_aliases": {"*": "m"}}"#;
    let settings = load(&Overrides::default(), &[("CODEX_GATEWAY_LOG_TEXT", "true")], file).unwrap();
    assert_eq!((settings.unsupported_parameters, settings.codex_home), (Unsupported::Ignore, CodexHome::Own));
    assert_eq!((settings.model_aliases["*"].as_str(), settings.log_text), ("m", true));
    let problem = problem(&[("CODEX_GATEWAY_CODEX_HOME", "mine")], "{}");
    assert!(problem.ends_with("must be `shared` or `own`"), "{problem}");
}

#[test]
fn pages_are_allowed_by_their_exact_origins_only() {
    let none = load(&Overrides::default(), &[], "{}").unwrap();
    assert_eq!(none.allowed_origins, []);
    let file = r#"{"allowed_origins": ["https://a.example"]}"#;
    let origins = |env: &[(&str, &str)]| {
        let allowed = load(&Overrides::default(), env, file).unwrap().allowed_origins;
        allowed.iter().map(|origin| origin.as_str().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(origins(&[]), ["https://a.example"]);
    assert_eq!(
        origins(&[("CODEX_GATEWAY_ALLOWED_ORIGINS", "http://localhost:3000, app://b")]),
        ["http://localhost:3000", "app://b"]
    );
    for wrong in ["*", "null", "https://a.example/"] {
        let problem = problem(&[("CODEX_GATEWAY_ALLOWED_ORIGINS", wrong)], "{}");
        assert!(problem.contains("must be a list of exact origins"), "{problem}");
        let problem = self::problem(&[], &format!(r#"{{"allowed_origins": ["{wrong}"]}}"#));
        assert!(problem.contains("`allowed_origins[0]` must be an exact origin"), "{problem}");
    }
}

#[test]
fn a_relative_path_of_codex_begins_where_it_was_written() {
    let here = env::current_dir().unwrap();
    let codex = |env: &[(&str, &str)], file: &str| {
        load(&Overrides::default(), env, file).unwrap().codex.map(|codex| codex.display().to_string())
    };
    let variable = |value: &'static str| [("CODEX_GATEWAY_CODEX", value)];
    assert_eq!(codex(&variable("bin/codex"), "{}"), Some(here.join("bin/codex").display().to_string()));
    assert_eq!(codex(&variable("~/codex"), "{}").as_deref(), Some("~/codex"));
    assert_eq!(codex(&variable(""), r#"{"codex": "/bin/codex"}"#).as_deref(), Some("/bin/codex"));
    assert_eq!(codex(&variable(""), r#"{"codex": ""}"#), None);
    let beside = codex(&[], r#"{"codex": "bin/codex"}"#).unwrap();
    assert!(beside.ends_with("/bin/codex") && !beside.starts_with(&here.display().to_string()), "{beside}");
    assert_eq!(codex(&[], r#"{"codex": "~/codex"}"#).as_deref(), Some("~/codex"));
}

#[test]
fn what_has_no_effect_is_said() {
    let settings = load(&Overrides::default(), &[], r#"{"cwd": "/tmp", "colour": 1}"#).unwrap();
    assert_eq!(settings.warnings.len(), 2);
    assert!(settings.warnings[0].contains("colour") && settings.warnings[1].contains("cwd"));
}
