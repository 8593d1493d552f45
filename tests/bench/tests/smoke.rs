//! That the bench runs: every part that needs neither a release build nor the Python gateway, for a moment each.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use std::{path::Path, time::Duration};

use bench::{
    floor::Floor,
    load::{self, Callee, Load},
};
use gateway::{
    AddressPolicy, Config, GatewayHandle,
    settings::{Settings, Token},
};

const TOKEN: &str = "a-local-token-of-the-test";
const STUB: &str = env!("CARGO_BIN_EXE_stub-codex");

async fn start_gateway() -> GatewayHandle {
    let config = Config {
        settings: Settings { port: 0, codex: Some(STUB.into()), ..Settings::default() },
        token: Token::parse(TOKEN).unwrap(),
        codex_env: Vec::new(),
        image_addresses: AddressPolicy::PublicOnly,
        history_key: None,
    };
    gateway::start(config).await.unwrap()
}

fn short_load(callers: usize) -> Load {
    Load { callers, ramp: Duration::from_millis(20), window: Duration::from_millis(300) }
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_are_answered_through_the_gateway_and_without_it() {
    let gateway = start_gateway().await;
    let folder = tempfile::tempdir().unwrap();
    let floor = Floor::start(Path::new(STUB), Vec::new(), folder.path(), Vec::new()).await.unwrap();
    let through = Callee::Http { address: gateway.address(), token: TOKEN.to_owned() };

    for callee in [&through, &Callee::Codex(floor)] {
        for prompt in ["Say pong", "deltas 50"] {
            let outcome = load::run(callee, short_load(4), prompt).await.unwrap();
            assert_eq!(outcome.failed, 0);
            assert!(outcome.answered > 0 && outcome.total.median() >= outcome.first_token.median());
        }
        // Nothing ends, and nothing hangs: what the window cuts off is counted.
        let held = load::run(callee, short_load(2), "hold").await.unwrap();
        assert_eq!((held.answered, held.cut, held.failed), (0, 2, 0));
    }

    let mut caller = through.caller().await.unwrap();
    let mut stream = caller.send("deltas 3").await.unwrap();
    while !stream.read().await.unwrap() {}
    let text = String::from_utf8(stream.bytes).unwrap();
    assert_eq!(text.matches(r#""content":" pong""#).count(), 3, "{text}");
    gateway.shutdown().await;
}

#[tokio::test]
async fn a_request_that_fails_is_counted() {
    let gateway = start_gateway().await;
    let stranger = Callee::Http { address: gateway.address(), token: "another-token".to_owned() };
    let outcome = load::run(&stranger, short_load(1), "Say pong").await.unwrap();
    assert_eq!((outcome.answered, outcome.failed), (0, 1));
    gateway.shutdown().await;
}
