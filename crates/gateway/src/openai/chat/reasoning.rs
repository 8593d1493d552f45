//! What the model says beside its answer, as the one text that chats have for it: the summary of its reasoning, and
//! commentary that has no place in an answer of another form than text.

/// Sets what belongs apart by an empty line.
#[derive(Debug, Default)]
pub(crate) struct ReasoningText {
    /// What was last added to.
    last: Option<Source>,
    /// Whether an item of reasoning has ended since.
    ended: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    SummaryPart(usize),
    Commentary,
}

impl ReasoningText {
    /// Takes more of a part of the summary, and returns what to send.
    pub(crate) fn delta(&mut self, part: usize, delta: String) -> String {
        self.add(Source::SummaryPart(part), delta)
    }

    /// Takes more of the commentary, and returns what to send.
    pub(crate) fn comment(&mut self, delta: String) -> String {
        self.add(Source::Commentary, delta)
    }

    /// An item of reasoning is whole.
    pub(crate) fn end_item(&mut self) {
        self.ended = self.last.is_some();
    }

    fn add(&mut self, source: Source, delta: String) -> String {
        let apart = std::mem::take(&mut self.ended) || self.last.is_some_and(|last| last != source);
        self.last = Some(source);
        if apart { format!("\n\n{delta}") } else { delta }
    }
}
