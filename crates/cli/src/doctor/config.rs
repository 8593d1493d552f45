//! The config file, and what it and the other sources say.

use std::{fs, io::ErrorKind, os::unix::fs::PermissionsExt, path::Path};

use gateway::settings::{FileError, Settings, SettingsError};

use super::finding::Finding;

/// The file itself: whether it is there, and who may read it.
pub(super) fn file(path: &Path) -> Vec<Finding> {
    let shown = path.display();
    let found = match fs::metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return vec![Finding::ok("config", format!("{shown} is not there, and need not be"))];
        }
        // Reading it fails too, and says so.
        Err(_) => return Vec::new(),
    };
    let mode = found.permissions().mode() & 0o777;
    if mode & 0o077 == 0 {
        return vec![Finding::ok("config", format!("{shown} (mode {mode:04o})"))];
    }
    let finding = Finding::warn(
        "config",
        format!("{shown} can hold the token, and is open to others (mode {mode:04o})"),
    );
    vec![finding.cure(format!("Run `chmod 600 {}`.", quoted(path)))]
}

/// What the sources say together.
pub(super) fn settings(settings: &Settings) -> impl Iterator<Item = Finding> {
    settings.warnings.iter().map(|warning| Finding::warn("settings", warning))
}

/// Why the sources can't be used.
pub(super) fn broken(error: &SettingsError) -> Finding {
    match error {
        SettingsError::File(FileError::Invalid { .. }) => Finding::fail("config", error.to_string()).cure(
            "Mend it, or replace all of it by `codex-gateway init --force`, which makes a new token too.",
        ),
        SettingsError::File(error @ FileError::NoHome) => Finding::fail("config", error.to_string()),
        SettingsError::File(error) => Finding::fail("config", error.to_string())
            .cure("Make it readable for you, or choose another with --config."),
        SettingsError::Invalid { .. } => Finding::fail("settings", error.to_string()),
    }
}

fn quoted(path: &Path) -> String {
    shell_words::quote(&path.to_string_lossy()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use gateway::settings::Overrides;

    fn broken_by(text: &str) -> Finding {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.json");
        fs::write(&path, text).unwrap();
        broken(&Settings::load(&Overrides::default(), Some(&path)).unwrap_err())
    }

    #[test]
    fn errors_have_their_line_and_no_value() {
        for (text, message) in [
            ("{\n  \"token\": 1234567\n}", "`token` must be a text in double quotes (line 2, column 18)"),
            (
                "{\n  \"port\": \"hunter2\"\n}",
                "`port` must be a whole number from 0 to 65535 (line 2, column 19)",
            ),
            ("{\n  \"codex_home\": \"hunter2\"\n}", "line 2"),
            ("{\n\"token\": \"hunter2\" \"port\": 1}", "expected `,` or `}` (line 2, column 20)"),
        ] {
            let finding = broken_by(text);
            assert!(finding.message.contains(message), "{finding}");
            assert!(
                !finding.message.contains("hunter2") && !finding.message.contains("1234567"),
                "{finding}"
            );
        }
    }

    #[test]
    fn a_file_that_others_can_read_is_warned_about() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("my config.json");
        assert_eq!(file(&path).len(), 1);
        fs::write(&path, "{}").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let warning = file(&path).remove(0);
        assert!(warning.message.ends_with("(mode 0640)"), "{warning}");
        assert!(warning.cure.unwrap().ends_with("my config.json'`."));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert!(file(&path).remove(0).message.ends_with("(mode 0600)"));
    }
}
