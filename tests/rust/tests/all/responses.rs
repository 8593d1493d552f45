//! A turn may take several responses of the provider's, and each may break off or hold calls.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use gateway::settings::Settings;
use scripted_model::{CodexConfig, End, EventStream, Message, Phase, Reasoning, Script};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::{
    chat_stream::Rest,
    stack::{Answer, Options, PATIENCE, Stack, user_message},
};

/// A response that is not the last of its turn.
fn commentary(text: &str) -> EventStream {
    commentary_that_costs(text, &Value::Null)
}

/// The same, and what the provider says that it has used.
fn commentary_that_costs(text: &str, usage: &Value) -> EventStream {
    let response = json!({"id": "resp_1", "usage": usage, "end_turn": false});
    EventStream::default()
        .message(Message::deltas([text]).phase(Phase::Commentary))
        .event("response.completed", json!({"response": response}))
        .cut()
}

fn answer(text: &str) -> EventStream {
    EventStream::default().message(Message::deltas([text]).phase(Phase::FinalAnswer))
}

/// A request that offers two functions.
fn with_functions(content: &str) -> Value {
    let function = |name: &str| {
        let parameters = json!({"type": "object", "properties": {"city": {"type": "string"}}});
        json!({"type": "function", "function": {"name": name, "parameters": parameters}})
    };
    let mut body = user_message(content);
    body["tools"] = json!([function("get_weather"), function("get_time")]);
    body
}

/// A response that is silent after a call is waited for half as long.
fn impatient(settings: &mut Settings) {
    settings.idle_timeout = Duration::from_secs(40);
}

/// What the model called.
fn called(answer: &Answer) -> Vec<(&str, &str)> {
    assert_eq!(answer.body["choices"][0]["finish_reason"], "tool_calls", "{}", answer.body);
    let calls = answer.body["choices"][0]["message"]["tool_calls"].as_array().unwrap();
    calls
        .iter()
        .map(|call| {
            let function = &call["function"];
            (function["name"].as_str().unwrap(), function["arguments"].as_str().unwrap())
        })
        .collect()
}

/// A conversation that goes on with what was said.
fn then(mut body: Value, said: &Value, more: &[Value]) -> Value {
    let messages = body["messages"].as_array_mut().unwrap();
    messages.push(said["choices"][0]["message"].clone());
    messages.extend_from_slice(more);
    body
}

/// What was asked in the end, and on which threads.
fn prompts(stack: &Stack) -> Vec<(String, Vec<Value>)> {
    let requests = stack.model.requests();
    let prompt = |request: &scripted_model::RecordedRequest| {
        let body = request.json();
        let key = body["prompt_cache_key"].as_str().unwrap().to_owned();
        (key, body["input"].as_array().unwrap().clone())
    };
    requests.iter().map(prompt).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_after_a_long_silence_between_two_is_told() {
    let stack = Stack::start().await;
    let later = Message::deltas(["Final"]).phase(Phase::FinalAnswer);
    stack.model.set_default(EventStream::default().pause(Duration::from_secs(35)).message(later));
    stack.model.push(commentary("Let me think."));
    let whole = tokio::spawn(stack.post(&user_message("One")));
    stack.model.wait_for_requests(2, PATIENCE).await.unwrap();
    stack.model.push(commentary("Let me think."));
    let stream = stack.stream("Two").await.rest().await;
    let whole = Answer::read(whole.await.unwrap()).await.text();
    let expected = "Let me think.\n\nFinal";
    assert_eq!((whole.as_str(), stream), (expected, Rest::finished(expected)));
    stack.stop().await;
}

/// The provider has told the usage of the first, and tells none of the second, in which somebody stops it.
#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_stopped_is_counted_beside_those_before_it() {
    const USAGE: (u64, u64) = (1_000, 100);
    let stack = Stack::start().await;
    let mut feed = stack.gateway.log().subscribe();
    let usage = json!({"input_tokens": USAGE.0, "output_tokens": USAGE.1, "total_tokens": USAGE.0 + USAGE.1});
    let first = || commentary_that_costs("Let me think.", &usage);
    let words = || (0..100).map(|number| format!("{number} "));

    stack.model.push(first());
    stack.model.set_default(
        EventStream::default().message(Message::deltas(words()).phase(Phase::FinalAnswer)).hang(),
    );
    let mut stream = stack.stream("One").await;
    for _ in 0..10 {
        stream.delta().await;
    }
    drop(stream);
    let record = feed.recv().await.unwrap();
    let tokens = record.tokens.unwrap();
    assert_eq!(record.status, 499);
    assert!(tokens.estimated, "{tokens:?}");
    assert!(tokens.input > USAGE.0 && tokens.output > USAGE.1, "{tokens:?}");

    stack.model.push(first());
    let mut body = user_message("Two");
    body["stop"] = json!("7 8 9");
    let cut = Answer::read(stack.post(&body).await).await;
    let counted = |name: &str| cut.body["usage"][name].as_u64().unwrap();
    assert!(counted("prompt_tokens") > USAGE.0 && counted("completion_tokens") > USAGE.1, "{}", cut.body);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_breaks_off_after_a_call_ends_the_turn_with_its_own_reason() {
    let stack = Stack::start_with_settings(impatient).await;
    let begun = || Script::text("Let me see.").function_call("get_weather", "{}", "call_1");
    let since = Instant::now();
    let failed = End::Failed { code: "server_is_overloaded".into(), message: "Busy".into() };
    let length = End::Incomplete { reason: "max_output_tokens".into() };
    let (mut answers, mut took) = (Vec::new(), Vec::new());
    for (end, arrived) in [End::Cut, failed, length].into_iter().zip(1..) {
        stack.model.push(begun().end(end));
        let body = with_functions("Weather?");
        let request = stack.post(&body);
        answers.push(tokio::spawn(async move {
            let answer = Answer::read(request.await).await;
            (answer, since.elapsed())
        }));
        stack.model.wait_for_requests(arrived, PATIENCE).await.unwrap();
    }
    let mut ends = Vec::new();
    for answer in answers {
        let (answer, after) = answer.await.unwrap();
        took.push(after);
        let body = &answer.body;
        let finish = body["choices"][0]["finish_reason"].as_str().or(body["error"]["code"].as_str());
        ends.push((answer.status, finish.unwrap().to_owned()));
    }
    println!("responses that broke off after a call were told of after {took:?}");
    let expected = [(502, "stream_disconnected"), (503, "server_overloaded"), (200, "length")];
    assert_eq!(ends, expected.map(|(status, code)| (status, code.to_owned())));
    assert!(took.iter().all(|took| *took < Duration::from_secs(60)), "{took:?}");
    assert_eq!(stack.model.requests().len(), 3);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_tried_again_after_a_call_is_not_told_with_what_was_made_up_for_it() {
    let codex_config = Some(CodexConfig { stream_max_retries: 1, ..CodexConfig::default() });
    let options = Options { codex_config, settings: impatient, ..Options::default() };
    let stack = Stack::start_with(options).await;
    stack.model.push(Script::text("Let me see.").function_call("get_weather", "{}", "call_1").cut());
    let answer = Answer::read(stack.post(&with_functions("Weather?")).await).await;
    assert_eq!(answer.error(502).0, "stream_disconnected");
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_take_long_to_write_are_told_and_their_turn_does_not_go_on() {
    let stack = Stack::start_with_settings(impatient).await;
    let calls = EventStream::default()
        .function_call("get_weather", "{}", "call_1")
        .pause(Duration::from_secs(25))
        .function_call("get_time", r#"{"city": "Oslo"}"#, "call_2");
    stack.model.push(calls);
    let body = with_functions("Weather and time?");
    let first = Answer::read(stack.post(&body).await).await;
    assert_eq!(called(&first), [("get_weather", "{}"), ("get_time", r#"{"city": "Oslo"}"#)]);
    // Codex had the model go on by outputs that nobody gave, and was stopped.
    sleep(Duration::from_secs(1)).await;
    let before = stack.model.requests().len();
    assert!(before <= 2, "the model was asked {before} times");

    let output = |call_id: &str| json!({"role": "tool", "tool_call_id": call_id, "content": "sunny"});
    let body = then(body, &first.body, &[output("call_1"), output("call_2")]);
    assert_eq!(Answer::read(stack.post(&body).await).await.status, 200);
    let asked = prompts(&stack);
    let (key, prompt) = asked.last().unwrap();
    assert_ne!(*key, asked[0].0);
    let outputs: Vec<_> = prompt.iter().filter_map(|item| item["output"].as_str()).collect();
    assert_eq!(outputs, ["sunny", "sunny"]);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_codex_answers_by_itself_cost_nothing_once_the_caller_has_them() {
    let stack = Stack::start().await;
    for arguments in ["{\"city\": ", ""] {
        stack.model.clear();
        // A model that makes the same mistake again and again.
        stack.model.set_default(EventStream::default().function_call("get_weather", arguments, "call_1"));
        let answer = Answer::read(stack.post(&with_functions("Weather?")).await).await;
        assert_eq!(called(&answer), [("get_weather", arguments)]);
        assert_stopped(&stack).await;
    }
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_of_functions_that_were_not_offered_are_an_error_and_end_the_turn() {
    let stack = Stack::start().await;
    let mut without = with_functions("Weather?");
    without["tool_choice"] = "none".into();
    for body in [user_message("Weather?"), without, with_functions("Weather?")] {
        stack.model.clear();
        stack.model.set_default(EventStream::default().function_call("cast_spell", "{}", "call_1"));
        let answer = Answer::read(stack.post(&body).await).await;
        assert_eq!(answer.error(502).0, "invalid_output");
        assert!(answer.error(502).1.contains("`cast_spell`"), "{}", answer.body);
        assert_stopped(&stack).await;
    }
    stack.stop().await;
}

/// The model is not asked any more. Codex may have asked once more before it was stopped.
async fn assert_stopped(stack: &Stack) {
    sleep(Duration::from_millis(500)).await;
    let asked = stack.model.requests().len();
    sleep(Duration::from_secs(1)).await;
    assert_eq!(stack.model.requests().len(), asked);
    assert!(asked <= 3, "the model was asked {asked} times");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thread_with_what_a_failed_attempt_said_does_not_go_on() {
    let codex_config = Some(CodexConfig { stream_max_retries: 1, ..CodexConfig::default() });
    let stack = Stack::start_with(Options { codex_config, ..Options::default() }).await;
    let thought = || Reasoning::deltas(["Hm."]).encrypted("sealed");
    for (first, second) in [
        (answer("Hello world").cut(), answer("Hello world")),
        (
            EventStream::default().reasoning(thought()).cut(),
            EventStream::default().reasoning(thought()).text("Hello world"),
        ),
    ] {
        stack.model.clear();
        stack.model.push(first);
        stack.model.push(second);
        let body = user_message("Greet");
        let said = Answer::read(stack.post(&body).await).await;
        assert_eq!(said.text(), "Hello world");
        let more = user_message("Again")["messages"][0].clone();
        stack.model.set_default(Script::text("pong"));
        assert_eq!(Answer::read(stack.post(&then(body, &said.body, &[more])).await).await.text(), "pong");
        let asked = prompts(&stack);
        assert_ne!(asked[2].0, asked[1].0);
        let texts: Vec<_> =
            asked[2].1.iter().map(|item| item["content"][0]["text"].as_str().unwrap()).collect();
        assert_eq!(texts, ["Greet", "Hello world", "Again"]);
    }
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_attempt_at_a_later_one_leaves_those_before_it() {
    let codex_config = Some(CodexConfig { stream_max_retries: 1, ..CodexConfig::default() });
    let stack = Stack::start_with(Options { codex_config, ..Options::default() }).await;
    let cut = || EventStream::default().message(Message::deltas(["Final ans"]).unfinished()).cut();
    let whole = "Let me think.\n\nFinal answer here";
    for is_streamed in [false, true] {
        stack.model.push(commentary("Let me think."));
        stack.model.push(cut());
        stack.model.push(answer("Final answer here"));
        if is_streamed {
            assert_eq!(stack.stream("Greet").await.rest().await, Rest::finished(whole));
        } else {
            assert_eq!(stack.chat("Greet").await.text(), whole);
        }
    }
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_whose_end_codex_forgets_in_every_way_is_told_whole() {
    let codex_is_muted = Some("\"turn/completed\"\\|\"thread/status/changed\"");
    let stack = Stack::start_with(Options { codex_is_muted, ..Options::default() }).await;
    stack.model.set_default(answer("pong"));
    let since = Instant::now();
    let answers = join_all([stack.say_pong(), stack.say_pong()]).await;
    println!("an end that was told in no way was noticed after {:?}", since.elapsed());
    assert_eq!(answers, ["pong", "pong"]);
    stack.stop().await;
}
