//! The demo's model, as it looks to programs that are not the demo's Codex.

use std::{collections::HashMap, fs};

use reqwest::{Client, Method, Response, StatusCode};
use scripted_model::Demo;

use crate::client::request_text;

struct Running {
    demo: Demo,
    /// Ends in `/v1`.
    base_url: String,
    home: tempfile::TempDir,
}

impl Running {
    async fn start() -> Self {
        let home = tempfile::tempdir().unwrap();
        let demo = Demo::start(home.path()).await.unwrap();
        let config = fs::read_to_string(home.path().join("config.toml")).unwrap();
        let base_url = config.lines().find_map(|line| line.strip_prefix("base_url = ")).unwrap();
        Self { demo, base_url: base_url.trim_matches('"').to_owned(), home }
    }

    fn key(&self) -> String {
        let variables: HashMap<_, _> = self.demo.codex_env().into_iter().collect();
        variables["CODEX_DEMO_MODEL_KEY"].clone()
    }

    async fn send(&self, method: Method, path: &str, key: Option<&str>) -> Response {
        let url = format!("{}{path}", self.base_url);
        let request = Client::new().request(method, url).body(request_text("private").to_string());
        let request = match key {
            Some(key) => request.bearer_auth(key),
            None => request,
        };
        request.send().await.unwrap()
    }
}

#[tokio::test]
async fn the_demo_answers_to_its_own_codex_only() {
    let running = Running::start().await;
    let key = running.key();
    let answer = running.send(Method::POST, "/responses", Some(&key)).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(answer.text().await.unwrap().contains("private"));
    let almost = &key[1..];
    for wrong in [None, Some(""), Some("x"), Some(almost)] {
        for (method, path) in [
            (Method::POST, "/responses"),
            (Method::GET, "/../control/requests"),
            (Method::POST, "/../control/push"),
            (Method::GET, "/models"),
        ] {
            let answer = running.send(method, path, wrong).await;
            assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{path} {wrong:?}");
            assert!(!answer.text().await.unwrap().contains("private"));
        }
    }
}

#[tokio::test]
async fn the_demo_remembers_nothing_and_takes_no_orders() {
    let running = Running::start().await;
    let key = running.key();
    running.send(Method::POST, "/responses", Some(&key)).await.text().await.unwrap();
    for (method, path) in [(Method::GET, "/requests"), (Method::POST, "/push"), (Method::GET, "/config.toml")]
    {
        let answer = running.send(method, &format!("/../control{path}"), Some(&key)).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn the_key_is_new_each_time_and_stands_in_no_file_and_no_debug() {
    let (one, two) = (Running::start().await, Running::start().await);
    assert_ne!(one.key(), two.key());
    assert_eq!(one.key().len(), 64);
    assert!(!format!("{:?}", one.demo).contains(&one.key()));
    for file in fs::read_dir(one.home.path()).unwrap() {
        assert!(!fs::read_to_string(file.unwrap().path()).unwrap().contains(&one.key()));
    }
}
