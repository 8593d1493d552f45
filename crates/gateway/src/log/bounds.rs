//! How much of a request its record keeps. Callers decide how long everything of it is, with or without the token, and a
//! thousand records must fit into memory.

use app_server::redact;

/// Characters of a request's method.
pub(super) const METHOD: usize = 32;
/// Characters of its path.
pub(super) const PATH: usize = 256;
/// Characters of a name: a program's, a model's, a field's.
pub(super) const NAME: usize = 64;
/// Fields of a request.
pub(super) const NAMES: usize = 100;
/// Characters of what an error says.
pub(super) const MESSAGE: usize = 1000;
/// Bytes of a prompt, and of an answer, where what was said is kept.
pub(super) const TEXT: usize = 32 * 1024;

/// What stands for what is left out.
const LEFT_OUT: char = '…';

/// The beginning of a text, without its secrets and control characters. They are looked for before it is cut: half of a
/// secret does not look like one.
pub(super) fn beginning(text: &str, characters: usize) -> String {
    let text = redact(text);
    let mut rest = text.chars().filter(|character| !character.is_control());
    let mut kept: String = rest.by_ref().take(characters).collect();
    if rest.next().is_some() {
        kept.push(LEFT_OUT);
    }
    kept
}

/// A prompt, without its secrets. Of a long one both ends are kept: the instructions stand at the beginning, and the
/// latest message at the end.
pub(super) fn prompt<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let prompt = texts.map(redact).collect::<Vec<_>>().join("\n");
    if prompt.len() <= TEXT {
        return prompt;
    }
    let beginning = &prompt[..prompt.floor_char_boundary(TEXT / 2)];
    let end = &prompt[prompt.ceil_char_boundary(prompt.len() - TEXT / 2)..];
    format!("{beginning}\n{LEFT_OUT}\n{end}")
}

/// An answer that comes in pieces.
#[derive(Debug, Default)]
pub(super) struct Answer(String);

impl Answer {
    /// More than is kept in the end, so that a secret that is cut at that end is still known for one.
    const COLLECTED: usize = TEXT + 8 * 1024;

    pub(super) fn push(&mut self, piece: &str) {
        let room = Self::COLLECTED.saturating_sub(self.0.len());
        self.0.push_str(&piece[..piece.floor_char_boundary(room)]);
    }

    /// Its beginning, without its secrets.
    pub(super) fn kept(&self) -> String {
        let mut kept = redact(&self.0);
        if kept.len() > TEXT {
            kept.truncate(kept.floor_char_boundary(TEXT));
            kept.push(LEFT_OUT);
        }
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_texts_are_kept_whole() {
        assert_eq!(beginning("/v1/models", 10), "/v1/models");
        assert_eq!(prompt(["Be brief.", "héllo"].into_iter()), "Be brief.\nhéllo");
        let mut answer = Answer::default();
        answer.push("po");
        answer.push("ng");
        assert_eq!(answer.kept(), "pong");
    }

    #[test]
    fn long_ones_are_cut_where_a_character_ends() {
        assert_eq!(beginning("ééé\nx", 3), "ééé…");
        let long = "é".repeat(TEXT);
        let kept = prompt(["first", long.as_str(), "last"].into_iter());
        assert!(kept.starts_with("first\né") && kept.contains("\n…\n") && kept.ends_with("é\nlast"));
        assert!(kept.len() <= TEXT + 8, "{}", kept.len());
        let mut answer = Answer::default();
        for _ in 0..3 {
            answer.push(&long);
        }
        assert!(answer.0.len() <= Answer::COLLECTED);
        let kept = answer.kept();
        assert!(kept.ends_with("é…") && kept.len() <= TEXT + 3, "{}", kept.len());
    }

    #[test]
    fn no_half_of_a_secret_is_kept() {
        let secret = "codex-gateway-local-0123456789";
        assert_eq!(beginning(&format!("/{secret}"), 8), "/[redact…");
        let mut answer = Answer::default();
        answer.push(&"x".repeat(TEXT - 5));
        answer.push(&format!(" {secret}"));
        assert!(answer.kept().ends_with("x [red…"), "{}", &answer.kept()[TEXT - 10..]);
    }
}
