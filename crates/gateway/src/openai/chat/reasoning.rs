//! The summary of the model's reasoning as the one text that chats have for it.

/// Sets the parts of the summary apart by an empty line.
#[derive(Debug, Default)]
pub(crate) struct ReasoningText {
    /// The part that was last added to.
    part: Option<usize>,
    /// Whether an item of reasoning has ended since.
    ended: bool,
}

impl ReasoningText {
    /// Takes more of the summary, and returns what to send.
    pub(crate) fn delta(&mut self, part: usize, delta: String) -> String {
        let apart = std::mem::take(&mut self.ended) || self.part.is_some_and(|previous| previous != part);
        self.part = Some(part);
        if apart { format!("\n\n{delta}") } else { delta }
    }

    /// An item of reasoning is whole.
    pub(crate) fn end_item(&mut self) {
        self.ended = self.part.is_some();
    }
}
