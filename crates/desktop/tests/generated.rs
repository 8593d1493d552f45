//! `generated/window.ts` is what the types say. `make generate` writes it anew.

use std::{env, fs, path::Path};

#[test]
fn the_types_of_the_page_are_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../generated/window.ts");
    let current = desktop::view::typescript();
    if env::var_os("UPDATE_GENERATED").is_some() {
        fs::write(&path, &current).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(written == current, "generated/window.ts is out of date: run `make generate`");
}
