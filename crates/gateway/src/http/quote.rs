//! What a caller wrote, as a message may repeat it.

/// A value of a request's head for a message: it may be anything, as long as anything, and a secret in the wrong place.
pub(super) fn quote(value: &[u8]) -> String {
    const SHOWN: usize = 100;
    let text = app_server::redact(&String::from_utf8_lossy(value));
    let mut quoted: String = text.chars().take(SHOWN).flat_map(char::escape_default).collect();
    if text.chars().nth(SHOWN).is_some() {
        quoted.push('…');
    }
    quoted
}
