//! What is in `generated/` is what the Codex of `CODEX_GATEWAY_CODEX` speaks.

use std::{path::Path, process::Command};

const NAME: &str = "codex-protocol.schema.json";

#[test]
fn the_generated_schema_is_current() {
    let codex = std::env::var_os("CODEX_GATEWAY_CODEX")
        .expect("CODEX_GATEWAY_CODEX must name the Codex that the gateway is built for, as `make test` does");
    let out = tempfile::tempdir().unwrap();
    let command = Command::new(env!("CARGO_BIN_EXE_codex-gateway"))
        .args(["generate-json-schema", "--used-only", "--out"])
        .arg(out.path())
        .env_clear()
        // Where a build that counts its lines writes them.
        .envs(std::env::var_os("LLVM_PROFILE_FILE").map(|file| ("LLVM_PROFILE_FILE", file)))
        .env("HOME", out.path())
        .env("CODEX_GATEWAY_CODEX", &codex)
        .output()
        .unwrap();
    assert!(command.status.success(), "{}", String::from_utf8_lossy(&command.stderr));
    let fresh = std::fs::read(out.path().join(NAME)).unwrap();
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../generated").join(NAME);
    assert!(
        std::fs::read(&kept).unwrap() == fresh,
        "{} is not what {} prints: run `make generate`, and look at what has changed",
        kept.display(),
        codex.display(),
    );
}
