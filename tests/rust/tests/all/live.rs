//! What the tray can see and change while the gateway runs: running requests, settings, the token.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use gateway::settings::{NeedsRestart, Settings, Token};
use scripted_model::{EventStream, Script};
use serde_json::{Value, json};
use tokio::{sync::watch, time::timeout};

use crate::{
    chat_stream::{ChatStream, Rest},
    stack::{Answer, MODEL, PATIENCE, Stack, streamed, user_message},
};

async fn reach(running: &mut watch::Receiver<usize>, count: usize) {
    let reached = timeout(PATIENCE, running.wait_for(|running| *running == count)).await;
    reached.unwrap_or_else(|_| panic!("there are never {count}")).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn conversations_that_are_kept_are_given_up_by_the_time_that_is_set_now() {
    let stack = Stack::start().await;
    stack.model.set_default(Script::text("pong"));
    let mut body = user_message("Say pong");
    let mut say = async |count: usize| {
        let answer = Answer::read(stack.post(&body).await).await;
        let messages = body["messages"].as_array_mut().unwrap();
        messages.push(answer.body["choices"][0]["message"].clone());
        messages.push(json!({"role": "user", "content": "Again"}));
        let requests = stack.model.requests();
        assert_eq!(requests.len(), count);
        requests[count - 1].json()["prompt_cache_key"].clone()
    };
    let (one, two) = (say(1).await, say(2).await);
    assert_eq!(one, two);
    stack.gateway.apply(Settings { conversation_timeout: Duration::from_secs(1), ..stack.settings() });
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_ne!(say(3).await, two);
    stack.stop().await;
}

fn hanging(text: &str) -> EventStream {
    EventStream::default().text(text).hang()
}

#[tokio::test(flavor = "multi_thread")]
async fn running_requests_are_counted_until_their_very_end() {
    let stack = Stack::start_with_settings(|settings| {
        (settings.max_active_turns, settings.max_queued_turns) = (3, 1);
    })
    .await;
    let mut running = stack.gateway.running();
    assert_eq!(*running.borrow(), 0);

    // Three run, and one waits.
    stack.model.set_default(hanging("working"));
    let mut streams = join_all((0..3).map(|_| stack.stream("Wait"))).await;
    for stream in &mut streams {
        stream.delta().await;
    }
    reach(&mut running, 3).await;
    let waiting = tokio::spawn(stack.post(&user_message("Wait")));
    reach(&mut running, 4).await;
    waiting.abort();
    reach(&mut running, 3).await;
    // Callers hang up.
    streams.pop();
    reach(&mut running, 2).await;
    drop(streams);
    reach(&mut running, 0).await;

    // Answers end, errors too, and what never reaches the model does not count.
    stack.model.set_default(Script::text("pong"));
    stack.say_pong().await;
    assert_eq!(stack.stream("Say pong").await.rest().await, Rest::finished("pong"));
    stack.model.set_default(Script::error(500, json!({})));
    stack.chat("Say pong").await.error(502);
    stack.model.set_default(Script::text("po").cut());
    stack.stream("Say pong").await.rest().await.error_code();
    reach(&mut running, 0).await;
    running.mark_unchanged();
    stack.get("/v1/models").await;
    let unknown = json!({"model": "unknown", "messages": [{"role": "user", "content": "x"}]});
    Answer::read(stack.post(&unknown).await).await.error(404);
    assert!(!running.has_changed().unwrap());
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_are_taken_up_without_a_restart() {
    let stack = Stack::start_with_settings(|settings| settings.max_active_turns = 1).await;
    stack.model.set_default(Script::text("pong"));
    let codex = stack.codex_process().group;
    let tempered = {
        let mut body = user_message("Say pong");
        body["model"] = "house".into();
        body["temperature"] = json!(0.5);
        body
    };
    let ask = async |body: &Value| Answer::read(stack.post(body).await).await;
    assert_eq!(ask(&tempered).await.error(400).0, "unsupported_feature");

    let change = |change: fn(&mut Settings)| {
        let mut settings = stack.settings();
        change(&mut settings);
        stack.gateway.apply(settings)
    };
    let needs_restart = change(|settings| {
        settings.unsupported_parameters = gateway::settings::Unsupported::Ignore;
        settings.model_aliases = [("house".to_owned(), MODEL.to_owned())].into();
        settings.reasoning_effort = Some("high".to_owned());
        settings.log_text = true;
        settings.max_body_bytes = 1_000;
    });
    assert_eq!(needs_restart, []);
    let answer = ask(&tempered).await;
    assert_eq!(
        (answer.text().as_str(), answer.header("x-codex-gateway-ignored")),
        ("pong", Some("temperature"))
    );
    assert_eq!(stack.model.requests().last().unwrap().json()["reasoning"]["effort"], "high");
    assert_eq!(stack.gateway.log().records().last().unwrap().text.as_ref().unwrap().prompt, "Say pong");
    stack.gateway.log().clear();
    assert_eq!(stack.gateway.log().records().len(), 0);
    assert_eq!(ask(&user_message("x".repeat(1_001))).await.error(413).0, "request_too_large");

    // The one place became the default's sixteen, and becomes one again.
    stack.model.set_default(hanging("working"));
    let mut streams = join_all((0..3).map(|_| stack.stream("Wait"))).await;
    for stream in &mut streams {
        assert_eq!(stream.delta().await, "working");
    }
    change(|settings| (settings.max_active_turns, settings.max_queued_turns) = (1, 0));
    for _ in 0..3 {
        assert_eq!(ask(&user_message("Say pong")).await.error(429).0, "too_many_requests");
        let before = *stack.gateway.running().borrow();
        drop(streams.pop());
        reach(&mut stack.gateway.running(), before - 1).await;
    }
    stack.model.set_default(Script::text("pong"));
    // The last one's place is free a moment after its caller has gone.
    let since = Instant::now();
    while ask(&user_message("Say pong")).await.status == 429 {
        assert!(since.elapsed() < PATIENCE);
    }

    change(|settings| settings.turn_timeout = Duration::from_millis(200));
    stack.model.set_default(hanging("working"));
    assert_eq!(ask(&user_message("Say pong")).await.error(504).0, "turn_timeout");

    let needs_restart = change(|settings| {
        settings.port = 1;
        settings.codex = None;
    });
    assert_eq!(needs_restart, [NeedsRestart::Port, NeedsRestart::Codex]);
    assert_eq!(stack.codex_process().group, codex, "Codex was not restarted");
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_token_opens_at_once_and_the_old_one_no_more() {
    let stack = Stack::start().await;
    let message = |pause| scripted_model::Message::deltas(["po", "ng"]).pause(Duration::from_millis(pause));
    stack.model.set_default(EventStream::default().message(message(1_000)));
    let mut stream: ChatStream = stack.stream("Say pong").await;
    assert_eq!(stream.delta().await, "po");

    stack.gateway.set_token(Token::parse("another-token").unwrap());
    stack.model.set_default(Script::text("pong"));
    assert_eq!(stack.chat("Say pong").await.error(401).0, "invalid_api_key");
    let answer = stack.post_with("another-token", &user_message("Say pong")).await;
    assert_eq!(Answer::read(answer).await.text(), "pong");
    let answer = stack.post_with("another-token", &streamed(user_message("Say pong"))).await;
    assert_eq!(answer.status(), 200);
    // What ran goes on to its end.
    assert_eq!(stream.rest().await, Rest::finished("ng"));
    stack.stop().await;
}
