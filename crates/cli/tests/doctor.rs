//! `codex-gateway doctor`, on the real Codex with a scripted provider in its configuration.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "clippy knows tests by #[test], not the functions that they share"
)]

use std::{
    ffi::OsString,
    fs,
    io::{BufRead, BufReader},
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
};

use scripted_model::{CodexConfig, ScriptedModel};
use serde_json::Value;
use tempfile::TempDir;

const TOKEN: &str = "codex-gateway-local-a-token-of-the-tests";

/// A person's home, and a Codex that needs no account.
struct Home {
    folder: TempDir,
    model: ScriptedModel,
    codex: OsString,
}

/// What the doctor said and how it ended.
struct Report {
    code: Option<i32>,
    findings: Vec<Value>,
}

impl Home {
    async fn new() -> Self {
        let codex = std::env::var_os("CODEX_GATEWAY_CODEX").filter(|codex| !codex.is_empty());
        let codex =
            codex.unwrap_or_else(|| panic!("CODEX_GATEWAY_CODEX must name a Codex, as `make test` does"));
        let folder = tempfile::tempdir().unwrap();
        let model = ScriptedModel::start(([127, 0, 0, 1], 0).into()).await.unwrap();
        let home = Self { folder, model, codex };
        fs::create_dir(home.codex_home()).unwrap();
        home.model.codex_home(&home.codex_home(), &CodexConfig::default()).unwrap();
        home
    }

    fn codex_home(&self) -> PathBuf {
        self.folder.path().join(".codex")
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("config.json")
    }

    fn write_config(&self, text: &str, mode: u32) {
        fs::write(self.config(), text).unwrap();
        fs::set_permissions(self.config(), fs::Permissions::from_mode(mode)).unwrap();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_codex-gateway"));
        command
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            // Where a build that counts its lines writes them.
            .envs(std::env::var_os("LLVM_PROFILE_FILE").map(|file| ("LLVM_PROFILE_FILE", file)))
            .env("HOME", self.folder.path())
            .env("CODEX_HOME", self.codex_home())
            .env("CODEX_GATEWAY_CONFIG", self.config())
            .env("CODEX_GATEWAY_CODEX", &self.codex);
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn doctor(&self, arguments: &[&str]) -> Report {
        let output = self.run(&[&["doctor", "--json"], arguments].concat());
        let all = String::from_utf8([output.stdout.clone(), output.stderr].concat()).unwrap();
        assert!(!all.contains(TOKEN), "the token is printed: {all}");
        let findings =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {all}"));
        Report { code: output.status.code(), findings }
    }
}

impl Report {
    /// The findings of one check, as status and message.
    fn of(&self, check: &str) -> Vec<(&str, &str)> {
        let found = self.findings.iter().filter(|finding| finding["check"] == check);
        found.map(|it| (it["status"].as_str().unwrap(), it["message"].as_str().unwrap())).collect()
    }

    fn one(&self, check: &str) -> (&str, &str) {
        let found = self.of(check);
        assert_eq!(found.len(), 1, "{check}: {:#?}", self.findings);
        found[0]
    }

    fn cure(&self, check: &str) -> &str {
        let found = self.findings.iter().find(|finding| finding["check"] == check).unwrap();
        found["cure"].as_str().unwrap()
    }
}

fn good_config() -> String {
    format!(r#"{{"token": "{TOKEN}", "port": 0}}"#)
}

#[tokio::test]
async fn everything_is_fine() {
    let home = Home::new().await;
    home.write_config(&good_config(), 0o600);
    let report = home.doctor(&[]);
    let checks: Vec<_> = report.findings.iter().map(|finding| finding["check"].as_str().unwrap()).collect();
    assert_eq!(checks, ["config", "token", "port", "codex", "protocol", "account", "models", "prompt"]);
    assert!(report.findings.iter().all(|finding| finding["status"] == "ok"), "{:#?}", report.findings);
    assert_eq!(report.code, Some(0));
    assert!(report.one("models").1.contains("gpt-5.5"));

    let output = home.run(&["doctor"]);
    let (text, errors) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(text.lines().count(), checks.len(), "{text}");
    assert!(text.lines().all(|line| line.starts_with("ok    ")) && !text.contains(TOKEN), "{text}");
    assert_eq!(errors, "");
}

#[tokio::test]
async fn a_broken_config_file_is_reported_with_its_line_and_the_rest_is_still_looked_at() {
    let home = Home::new().await;
    home.write_config(&format!("{{\n  \"token\": \"{TOKEN}\",\n  \"port\": \"many\"\n}}\n"), 0o600);
    let report = home.doctor(&["--port", "0"]);
    assert_eq!(report.code, Some(1));
    let broken = report.of("config")[1];
    assert_eq!(broken.0, "fail");
    assert!(broken.1.contains("line 3") && broken.1.contains("config.json"), "{broken:?}");
    assert_eq!((report.one("port").0, report.one("codex").0, report.one("prompt").0), ("ok", "ok", "ok"));
}

#[tokio::test]
async fn warnings_alone_are_no_failure() {
    let home = Home::new().await;
    home.write_config(r#"{"port": 0, "colour": "red"}"#, 0o644);
    fs::write(home.codex_home().join("AGENTS.md"), "Always answer in rhyme.").unwrap();
    let report = home.doctor(&[]);
    assert_eq!(report.code, Some(0), "{:#?}", report.findings);
    for (check, named) in
        [("config", "0644"), ("settings", "`colour`"), ("token", "none is set"), ("prompt", "AGENTS.md")]
    {
        let (status, message) = report.one(check);
        assert!(status == "warn" && message.contains(named), "{check}: {status} {message}");
    }
    assert!(
        report.cure("config").contains("chmod 600") && report.cure("token").contains("codex-gateway init`")
    );
}

#[tokio::test]
async fn who_holds_the_port_is_named() {
    let home = Home::new().await;
    home.write_config(&good_config(), 0o600);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let report = home.doctor(&["--port", &taken.local_addr().unwrap().port().to_string()]);
    assert_eq!(report.code, Some(1));
    let (status, message) = report.one("port");
    assert_eq!(status, "fail");
    assert!(message.ends_with(&format!("(process {})", std::process::id())), "{message}");
}

#[tokio::test]
async fn a_gateway_that_runs_already_is_recognised() {
    let home = Home::new().await;
    home.write_config(&good_config(), 0o600);
    let mut gateway = Serving(
        home.command(&["serve", "--json"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap(),
    );
    let mut access = String::new();
    BufReader::new(gateway.0.stdout.take().unwrap()).read_line(&mut access).unwrap();
    let access: Value = serde_json::from_str(&access).unwrap();
    let address = access["base_url"].as_str().unwrap().trim_start_matches("http://").trim_end_matches("/v1");
    let report = home.doctor(&["--port", address.rsplit(':').next().unwrap()]);
    let (status, message) = report.one("port");
    assert_eq!((status, report.code), ("ok", Some(0)), "{:#?}", report.findings);
    assert!(message.contains("Codex Gateway") && message.contains(&gateway.0.id().to_string()), "{message}");
}

/// A gateway that is ended with the test.
struct Serving(Child);

impl Drop for Serving {
    fn drop(&mut self) {
        // By SIGTERM, so that it takes its Codex and its folder with it.
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn a_codex_that_is_missing_or_useless_is_said_once() {
    let mut home = Home::new().await;
    home.write_config(&good_config(), 0o600);
    home.codex = "/nowhere/codex".into();
    let report = home.doctor(&[]);
    assert_eq!(report.code, Some(1));
    let (status, message) = report.one("codex");
    assert!(status == "fail" && message.contains("/nowhere/codex"), "{message}");
    assert!(report.cure("codex").contains("npm install -g @openai/codex"));
    assert!(report.of("protocol").is_empty() && report.of("start").is_empty());

    home.codex = "/bin/false".into();
    let report = home.doctor(&[]);
    assert_eq!((report.code, report.one("codex").0), (Some(1), "fail"));
    assert!(report.of("protocol").is_empty() && report.of("start").is_empty());
}

#[tokio::test]
async fn a_codex_that_nobody_signed_in_to_is_a_failure_with_its_cure() {
    let home = Home::new().await;
    home.write_config(&good_config(), 0o600);
    fs::write(home.codex_home().join("config.toml"), "").unwrap();
    let report = home.doctor(&[]);
    assert_eq!((report.code, report.one("account").0), (Some(1), "fail"));
    assert_eq!(report.cure("account"), "Run `codex login`.");

    home.write_config(&format!(r#"{{"token": "{TOKEN}", "port": 0, "codex_home": "own"}}"#), 0o600);
    assert_eq!(home.doctor(&[]).cure("account"), "Run `codex-gateway login`.");
}
