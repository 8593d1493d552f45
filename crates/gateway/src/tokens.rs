//! Counting tokens as OpenAI's newer models do.

use tiktoken_rs::{CoreBPE, o200k_base_singleton};

/// A million blanks in a row exhaust the tokenizer's regular expression, so a long text is counted in pieces.
const PIECE_BYTES: usize = 256 * 1024;

/// The number of tokens of a text. The first use takes a fifth of a second and 50 MB.
pub(crate) fn count(text: &str) -> usize {
    let (mut rest, mut tokens) = (text, 0);
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(rest.floor_char_boundary(PIECE_BYTES));
        tokens += tokenizer().encode_ordinary(piece).len();
        rest = after;
    }
    tokens
}

/// About as many tokens as a text of so many bytes has, for where a count is not worth what it takes: English has four
/// bytes a token.
pub(crate) fn estimate(bytes: usize) -> u64 {
    bytes.div_ceil(4) as u64
}

/// The bytes of a text's first `tokens` tokens, cut at a character; `None` if it has no more than that.
fn prefix(text: &str, tokens: usize) -> Option<usize> {
    let encoded = tokenizer().encode_ordinary(text);
    let kept = encoded.get(..tokens).filter(|_| encoded.len() > tokens)?;
    let bytes: usize = tokenizer().decode_bytes(kept).map_or(0, |bytes| bytes.len());
    Some(text.floor_char_boundary(bytes))
}

fn tokenizer() -> &'static CoreBPE {
    o200k_base_singleton()
}

/// A number of tokens that a text may have, counted as the text grows.
#[derive(Debug)]
pub(crate) struct Budget {
    limit: usize,
    /// Tokens of the text before `tail`, which no later text can change.
    settled: usize,
    /// The end of the text, which later text may still be joined to.
    tail: String,
}

/// Beyond this the tail is settled wherever a word ends, so that counting stays cheap however long the text grows.
const TAIL_BYTES: usize = 256;

impl Budget {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, settled: 0, tail: String::new() }
    }

    /// Adds a piece of text. Returns how many bytes of it are within the budget, if it is overdrawn.
    pub(crate) fn spend(&mut self, text: &str) -> Option<usize> {
        let (mut rest, mut spent) = (text, 0);
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(rest.floor_char_boundary(PIECE_BYTES));
            if let Some(kept) = self.spend_piece(piece) {
                return Some(spent + kept);
            }
            spent += piece.len();
            rest = after;
        }
        None
    }

    fn spend_piece(&mut self, text: &str) -> Option<usize> {
        let before = self.tail.len();
        self.tail.push_str(text);
        let left = self.limit.saturating_sub(self.settled);
        if let Some(kept) = prefix(&self.tail, left) {
            return Some(kept.saturating_sub(before));
        }
        self.settle();
        None
    }

    /// The tokens counted so far.
    #[cfg(test)]
    fn spent(&self) -> usize {
        self.settled + count(&self.tail)
    }

    /// Counts what stands before the last space between two letters: no token reaches across it, since a space belongs
    /// to the word behind it.
    fn settle(&mut self) {
        if self.tail.len() <= TAIL_BYTES {
            return;
        }
        let mut letter_before = false;
        let mut border = None;
        let mut characters = self.tail.char_indices().peekable();
        while let Some((index, character)) = characters.next() {
            let letter_behind = characters.peek().is_some_and(|(_, next)| next.is_alphabetic());
            if character == ' ' && letter_before && letter_behind {
                border = Some(index);
            }
            letter_before = character.is_alphabetic();
        }
        // Where no word ends, a count that is off by one token in a kilobyte is better than one that is never settled.
        let border = border.or_else(|| {
            let long = self.tail.len() > 4 * TAIL_BYTES;
            long.then(|| self.tail.floor_char_boundary(self.tail.len() - TAIL_BYTES))
        });
        if let Some(border) = border {
            self.settled += count(&self.tail[..border]);
            self.tail.drain(..border);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Spends a text in pieces and returns what passed.
    fn passed(limit: usize, pieces: impl IntoIterator<Item = String>) -> (String, bool) {
        let mut budget = Budget::new(limit);
        let mut passed = String::new();
        for piece in pieces {
            match budget.spend(&piece) {
                None => passed.push_str(&piece),
                Some(kept) => {
                    passed.push_str(&piece[..kept]);
                    return (passed, true);
                }
            }
        }
        (passed, false)
    }

    #[test]
    fn a_text_in_pieces_has_the_tokens_of_the_whole() {
        let text = "The quick brown fox jumps over the lazy dog, 12345 times;\n\n  and again — über Stock und Stein. "
            .repeat(40);
        for size in [1, 3, 17, 1000] {
            let characters: Vec<char> = text.chars().collect();
            let mut budget = Budget::new(usize::MAX);
            for piece in characters.chunks(size) {
                assert_eq!(budget.spend(&piece.iter().collect::<String>()), None);
            }
            assert_eq!(budget.spent(), count(&text), "{size}");
        }
    }

    #[test]
    fn what_is_overdrawn_is_cut_at_the_token() {
        let words = |n: usize| " word".repeat(n);
        assert_eq!(passed(10, [words(10)]), (words(10), false));
        assert_eq!(passed(10, [words(11)]), (words(10), true));
        assert_eq!(passed(300, (0..400).map(|_| words(1))), (words(300), true));
        assert_eq!(passed(0, [words(1)]), (String::new(), true));
    }

    #[test]
    fn millions_of_blanks_are_counted() {
        let blanks = " ".repeat(3_000_000);
        assert!(count(&blanks) > 10_000);
        let (kept, cut) = passed(1_000, [blanks]);
        assert!(cut && !kept.is_empty());
    }

    #[test]
    fn a_cut_never_splits_a_character() {
        let text = "👩‍👩‍👧‍👦".repeat(5);
        for limit in 0..count(&text) {
            let (kept, cut) = passed(limit, [text.clone()]);
            assert!(cut && text.starts_with(&kept), "{limit}");
        }
    }
}
