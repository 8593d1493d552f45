//! Prepares the shell: its permissions, and the page that it shows.

use std::{env, path::Path};

use tauri_build::{AppManifest, Attributes};

/// What the page may call. `commands.rs` holds them; a capability grants each by its name.
const COMMANDS: &[&str] = &[
    "app_state",
    "apply_cure",
    "cancel_sign_in",
    "cancel_try",
    "change_setting",
    "choose_codex",
    "clear_requests",
    "copy",
    "export_requests",
    "first_run_done",
    "keep_token_in_file",
    "open_help",
    "open_sign_in_page",
    "requests",
    "retry_keyring",
    "reveal_token",
    "rotate_token",
    "settings",
    "sign_in",
    "snippets",
    "start_demo",
    "start_gateway",
    "stop_demo",
    "stop_gateway",
    "try_it",
    "use_port",
];

/// Where the page is built to, as in `tauri.conf.json`.
const PAGE: &str = "ui/dist/index.html";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed={PAGE}");
    // They are taken in by a macro, which cargo does not see.
    println!("cargo::rerun-if-changed=icons/tray");
    if !Path::new(PAGE).exists() {
        if env::var("PROFILE")? == "release" {
            return Err("the page isn't built: run `sh scripts/page` first".into());
        }
        // Whoever works on the Rust side needs no Node: a page takes its place that says how to get the real one.
        println!(
            "cargo::warning=the page isn't built, so the window will only say so: run `sh scripts/page`"
        );
        println!(r#"cargo::rustc-env=TAURI_CONFIG={{"build":{{"frontendDist":"src-tauri/no-page"}}}}"#);
    }
    let attributes = Attributes::new()
        .app_manifest(AppManifest::new().commands(COMMANDS))
        .capabilities_path_pattern("src-tauri/capabilities/*.json");
    Ok(tauri_build::try_build(attributes)?)
}
