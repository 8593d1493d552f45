//! The model's context window: what does not fit is refused, never summarised or cut.

use app_server::protocol::DynamicTool;
use serde_json::Value;

use super::tools::Tools;
use crate::{
    tokens::count,
    turn::{Tool, Turn, TurnError, TurnErrorKind},
};

/// Refuses a turn that is certainly too long for its model. What passes may still be refused by the provider, which
/// counts images and its own framing too.
///
/// Counting takes time and memory, so it is done only where it can matter: a text of fewer bytes than the window has
/// tokens always fits.
pub(super) async fn check(turn: Turn, tools: &Tools) -> Result<Turn, TurnError> {
    let Some(window) = turn.context_window else { return Ok(turn) };
    let window = usize::try_from(window).unwrap_or(usize::MAX);
    let functions = function_texts(&turn, tools);
    if turn.texts().chain(functions.iter().map(String::as_str)).map(str::len).sum::<usize>() <= window {
        return Ok(turn);
    }
    let counted = tokio::task::spawn_blocking(move || {
        let messages: usize = turn.texts().map(count).sum();
        let functions: usize = functions.iter().map(|text| count(text)).sum();
        (turn, messages, functions)
    });
    // The counter has no reason to panic; if it does, the provider decides.
    let Ok((turn, messages, functions)) = counted.await else {
        return Err(TurnError::new(
            TurnErrorKind::Unavailable,
            "The length of the conversation can't be counted.",
        ));
    };
    let tokens = messages + functions;
    if tokens <= window {
        return Ok(turn);
    }
    let (apart, or_functions) = match functions {
        0 => (String::new(), ""),
        _ => (format!(" ({messages} in the messages, {functions} in the functions)"), " or functions"),
    };
    Err(TurnError::new(
        TurnErrorKind::ContextLengthExceeded,
        format!(
            "This model's maximum context length is {window} tokens. However, your messages resulted in about {tokens} \
             tokens{apart}. Please reduce the length of the messages{or_functions}.",
        ),
    ))
}

/// The texts of functions, and of the schema of an answer, that are before the model in whatever words the provider puts
/// a schema: names, descriptions and the words to choose from. Its punctuation is the provider's own.
fn function_texts(turn: &Turn, tools: &Tools) -> Vec<String> {
    let mut texts = Vec::new();
    for (tool, DynamicTool::Function { description, input_schema, .. }) in
        turn.tools.iter().zip(tools.dynamic_tools())
    {
        // A description that says more than the caller's holds the schema as it is.
        if !says_the_schema(description, tool) {
            gather(input_schema, &mut texts);
        }
        texts.extend([tool.name.clone(), description.clone()]);
    }
    if let Some(schema) = &turn.output_schema {
        gather(schema, &mut texts);
    }
    texts
}

fn says_the_schema(description: &str, tool: &Tool) -> bool {
    description.len() > tool.description.len()
}

/// Definitions are left out, since those that nothing refers to may be dropped on the way.
fn gather(schema: &Value, texts: &mut Vec<String>) {
    for (keyword, value) in schema.as_object().into_iter().flatten() {
        match (keyword.as_str(), value) {
            ("description", Value::String(text)) => texts.push(text.clone()),
            ("enum", Value::Array(words)) => {
                texts.extend(words.iter().filter_map(Value::as_str).map(str::to_owned));
            }
            ("properties", Value::Object(properties)) => {
                for (name, schema) in properties {
                    texts.push(name.clone());
                    gather(schema, texts);
                }
            }
            ("allOf" | "anyOf" | "oneOf", Value::Array(schemas)) => {
                schemas.iter().for_each(|schema| gather(schema, texts));
            }
            ("additionalProperties" | "items", schema) => gather(schema, texts),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::turn::{Content, Item, Limits, Role, Summary};
    use serde_json::json;

    async fn check(turn: Turn) -> Result<Turn, TurnError> {
        let tools = Tools::new(&turn.tools);
        super::check(turn, &tools).await
    }

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

    #[tokio::test]
    async fn functions_are_counted_in_whatever_form_they_are_given() {
        let words = "word ".repeat(100);
        let described = |parameters: Value, description: &str| Turn {
            tools: vec![Tool { name: "look".into(), description: description.into(), parameters }],
            ..turn("hi", Some(99))
        };
        let property = |property: Value| json!({"type": "object", "properties": {"at": property}});
        let long = json!({"type": "string", "description": words});
        for (turn, functions) in [
            (described(property(json!({})), &words), 103),
            (described(property(long.clone()), ""), 103),
            (described(property(json!({"type": "array", "items": {"anyOf": [long]}})), ""), 103),
            (described(property(json!({"type": "string", "enum": vec!["word"; 100]})), ""), 102),
            (Turn { output_schema: Some(property(long.clone())), ..turn("hi", Some(99)) }, 102),
        ] {
            let error = check(turn.clone()).await.unwrap_err();
            assert_eq!(error.kind, TurnErrorKind::ContextLengthExceeded);
            let counted = format!("(1 in the messages, {functions} in the functions)");
            assert!(error.message.contains(&counted), "{error}");
            assert!(check(Turn { context_window: Some(functions + 1), ..turn }).await.is_ok());
        }
        // What Codex has no word for stands in the description as JSON, and is not counted twice.
        let pattern = property(json!({"type": "string", "pattern": words}));
        let error = check(described(pattern, "")).await.unwrap_err();
        assert!(error.message.contains("in the messages, 1"), "{error}");
    }
}
