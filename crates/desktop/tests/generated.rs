//! What the page takes from Rust is what Rust says. `make generate` writes it anew.

#![expect(clippy::unwrap_used, reason = "clippy knows tests by #[test], not the functions that they share")]

use std::{env, fs, path::Path};

use desktop::{Desktop, Options};
use serde_json::json;

/// Compares a file, named from the project's folder, with what it should hold.
fn assert_current(name: &str, current: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(name);
    if env::var_os("UPDATE_GENERATED").is_some() {
        fs::write(&path, current).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(written == current, "{name} is out of date: run `make generate`");
}

#[test]
fn the_types_of_the_page_are_current() {
    assert_current("generated/window.ts", &desktop::view::typescript());
}

/// The page is tested, and pictured, without Rust: with as many snippets as there are, and as long ones.
#[tokio::test]
async fn the_snippets_of_the_mock_are_current() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config.json");
    let settings = json!({
        "port": 8000,
        "token": "codex-gateway-local-Zk3vQ8mT1xYb7LwR0aB1cD2eF3gH4iJ5kL6mN7o3f9a",
        "token_place": "file",
        "desktop": { "start_at_launch": false },
    });
    fs::write(&config, settings.to_string()).unwrap();
    let desktop = Desktop::open(Options { config, ..Options::default() });
    desktop.state().wait_for(|state| state.token.masked.ends_with("3f9a")).await.unwrap();
    let snippets = serde_json::to_string_pretty(&desktop.snippets()).unwrap();
    assert_current("ui/mock/snippets.json", &format!("{snippets}\n"));
}
