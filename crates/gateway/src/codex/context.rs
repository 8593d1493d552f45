//! The model's context window: what does not fit is refused, never summarised or cut.

use crate::{
    tokens::count,
    turn::{Turn, TurnError, TurnErrorKind},
};

/// Refuses a turn that is certainly too long for its model. What passes may still be refused by the provider, which
/// counts images and its own framing too.
///
/// Counting takes time and memory, so it is done only where it can matter: a text of fewer bytes than the window has
/// tokens always fits.
pub(super) async fn check(turn: Turn) -> Result<Turn, TurnError> {
    let Some(window) = turn.context_window else { return Ok(turn) };
    let window = usize::try_from(window).unwrap_or(usize::MAX);
    if turn.texts().map(str::len).sum::<usize>() <= window {
        return Ok(turn);
    }
    let counted = tokio::task::spawn_blocking(move || {
        let tokens: usize = turn.texts().map(count).sum();
        (turn, tokens)
    });
    // The counter has no reason to panic; if it does, the provider decides.
    let Ok((turn, tokens)) = counted.await else {
        return Err(TurnError::new(
            TurnErrorKind::Unavailable,
            "The length of the conversation can't be counted.",
        ));
    };
    if tokens <= window {
        return Ok(turn);
    }
    Err(TurnError::new(
        TurnErrorKind::ContextLengthExceeded,
        format!(
            "This model's maximum context length is {window} tokens. However, your messages resulted in about {tokens} \
             tokens. Please reduce the length of the messages.",
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::turn::{Content, Item, Limits, Role, Summary};

    fn turn(text: &str, context_window: Option<u64>) -> Turn {
        Turn {
            model: "m".into(),
            items: vec![Item::message(Role::User, vec![Content::InputText { text: text.into() }])],
            effort: "low".into(),
            summary: Summary::None,
            verbosity: None,
            service_tier: "default".into(),
            context_window,
            limits: Limits::default(),
            tools: vec![],
            output_schema: None,
        }
    }

    #[tokio::test]
    async fn tokens_are_counted_and_not_bytes() {
        let text = "word ".repeat(100);
        assert!(check(turn(&text, Some(101))).await.is_ok());
        let error = check(turn(&text, Some(99))).await.unwrap_err();
        assert_eq!(error.kind, TurnErrorKind::ContextLengthExceeded);
        assert!(error.message.contains("99 tokens") && error.message.contains("101 tokens"), "{error}");
        assert!(check(turn(&text, None)).await.is_ok());
    }
}
