//! What is long arrives whole: nothing is cut, summarised or left out.

use scripted_model::Script;
use serde_json::{Value, json};

use crate::{
    bare_prompt::input,
    stack::{Answer, MODEL, Stack},
};

fn message(role: &str, part: &str, text: &str) -> Value {
    json!({"type": "message", "role": role, "content": [{"type": part, "text": text}]})
}

/// Sends one user message, and asserts that the model got exactly that.
async fn arrives(stack: &Stack, text: &str) {
    stack.model.clear();
    assert_eq!(stack.chat(text).await.text(), "read");
    let request = stack.model_request().await.json();
    // Compared without a message: nobody wants to read 600 KB of it.
    assert!(input(&request) == [message("user", "input_text", text)], "the text was changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_of_600_kb_arrives_unchanged() {
    let stack = Stack::start().await;
    stack.model.set_default(Script::text("read"));
    let prose: String = (0..)
        .map(|n| format!("{n}: The quick brown fox jumps over the \"lazy\" dög. 狐 🦊\n"))
        .take(10_000)
        .collect();
    assert!(prose.len() > 600_000, "{}", prose.len());
    arrives(&stack, &prose).await;
    // Words as long as these are no language, but data that somebody pastes.
    for word in ["x", "=", " ", "\n", "漢"] {
        arrives(&stack, &format!("<{}>", word.repeat(600_000 / word.len()))).await;
    }
    stack.stop().await;
}

/// Blanks are many characters and few tokens, so they fit.
#[tokio::test(flavor = "multi_thread")]
async fn more_than_a_million_blanks_arrive_unchanged() {
    let stack = Stack::start().await;
    stack.model.set_default(Script::text("read"));
    arrives(&stack, &format!("<{}>", " ".repeat(1_200_000))).await;
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_of_500_messages_arrives_unchanged_and_in_order() {
    let stack = Stack::start().await;
    stack.model.set_default(Script::text("read"));
    let (mut messages, mut expected) = (Vec::new(), Vec::new());
    for number in 0..500 {
        let (role, part) = match number % 2 {
            0 => ("user", "input_text"),
            _ => ("assistant", "output_text"),
        };
        let text = format!("Message {number}: {}", "word ".repeat(number % 40));
        messages.push(json!({"role": role, "content": text}));
        expected.push(message(role, part, &text));
    }
    let answer = Answer::read(stack.post(&json!({"model": MODEL, "messages": messages})).await).await;
    assert_eq!(answer.text(), "read");
    let arrived = input(&stack.model_request().await.json());
    assert_eq!(arrived.len(), expected.len());
    for (arrived, expected) in arrived.iter().zip(&expected) {
        assert_eq!(arrived, expected);
    }
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_answer_arrives_unchanged() {
    let stack = Stack::start().await;
    let deltas: Vec<_> = (0..10_000).map(|number| format!("{number} é\n")).collect();
    stack.model.set_default(Script::deltas(deltas.iter()));
    assert!(stack.say_pong().await == deltas.concat(), "the whole answer was changed");
    let streamed = stack.stream("Say pong").await.rest().await;
    assert!(streamed.text == deltas.concat() && streamed.done, "the streamed answer was changed");
    stack.stop().await;
}
