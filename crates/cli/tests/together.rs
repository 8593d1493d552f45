//! The command and another program that change one config file at the same time, as the tray application does.

#![expect(clippy::unwrap_used, reason = "clippy knows tests by #[test], not the functions that they share")]

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    thread,
};

use gateway::settings::edit;
use serde_json::Value;

/// Makes a new token, and returns it.
fn rotate(config: &Path) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_codex-gateway"));
    let command = command.args(["token", "--rotate", "--config"]).arg(config).stdin(Stdio::null());
    let output = command.env_remove("CODEX_GATEWAY_TOKEN").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn no_change_of_either_is_lost() {
    const EDITS: u16 = 200;
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("config.json");
    let tokens: Vec<String> = thread::scope(|scope| {
        let commands: Vec<_> =
            (0..3).map(|_| scope.spawn(|| (0..5).map(|_| rotate(&config)).collect::<Vec<_>>())).collect();
        for _ in 0..EDITS {
            edit(&config, |config| {
                let port = config.get("port").and_then(Value::as_u64).unwrap_or(0);
                config.insert("port".to_owned(), (port + 1).into());
            })
            .unwrap();
        }
        commands.into_iter().flat_map(|command| command.join().unwrap()).collect()
    });
    let written: Value = serde_json::from_slice(&fs::read(&config).unwrap()).unwrap();
    assert_eq!(written["port"], EDITS);
    assert!(tokens.iter().any(|token| written["token"] == **token), "{written}");
    let left: Vec<_> = fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "the file and its lock: {left:?}");
}
