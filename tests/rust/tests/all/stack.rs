//! A gateway of its own for each test, with its own Codex and its own model.

use std::{
    env,
    fs::Permissions,
    net::Ipv4Addr,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use gateway::{
    AddressPolicy, Config, GatewayHandle, HistoryKey, Status,
    settings::{Overrides, ResponseHistory, Settings, Token},
};
use reqwest::{Client, Response, header::HeaderMap};
use scripted_model::{CodexConfig, RecordedRequest, ScriptedModel};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{io::AsyncWriteExt, time::timeout};

use crate::{
    chat_stream::ChatStream,
    processes::{Process, processes},
};

/// Long enough for a busy machine; only a test that fails waits for it to pass.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// One of those that Codex itself brings.
pub(crate) const MODEL: &str = "gpt-5.5";

const TOKEN: &str = "a-local-token-of-the-tests";

pub(crate) struct Stack {
    pub(crate) model: ScriptedModel,
    pub(crate) gateway: GatewayHandle,
    http: Client,
    home: TempDir,
}

/// What a test wants to be different.
pub(crate) struct Options {
    /// How Codex is told of the scripted model; `None` leaves its configuration empty.
    pub(crate) codex_config: Option<CodexConfig>,
    /// Whether there is a Codex from the start.
    pub(crate) codex_is_installed: bool,
    /// Lines of Codex with this text in them never arrive.
    pub(crate) codex_is_muted: Option<&'static str>,
    pub(crate) image_addresses: AddressPolicy,
    pub(crate) settings: fn(&mut Settings),
    /// A file that keeps responses, and its key.
    pub(crate) history: Option<(PathBuf, HistoryKey)>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            codex_config: Some(CodexConfig::default()),
            codex_is_installed: true,
            codex_is_muted: None,
            image_addresses: AddressPolicy::PublicOnly,
            settings: |_| {},
            history: None,
        }
    }
}

impl Stack {
    pub(crate) async fn start() -> Self {
        Self::start_with(Options::default()).await
    }

    /// As [`Self::start`], with other settings.
    pub(crate) async fn start_with_settings(settings: fn(&mut Settings)) -> Self {
        Self::start_with(Options { settings, ..Options::default() }).await
    }

    /// Returns once Codex is ready, unless it is not installed.
    pub(crate) async fn start_with(options: Options) -> Self {
        let Options {
            codex_config,
            codex_is_installed,
            codex_is_muted,
            image_addresses,
            settings: change,
            history,
        } = options;
        let model = ScriptedModel::start((Ipv4Addr::LOCALHOST, 0).into()).await.unwrap();
        let home = tempfile::Builder::new().prefix("e2e-").tempdir().unwrap();
        if let Some(config) = &codex_config {
            model.codex_home(home.path(), config).unwrap();
        }
        let mut settings = settings(&home);
        change(&mut settings);
        let history_key = history.map(|(file, key)| {
            settings.response_history = ResponseHistory::Disk;
            settings.response_history_file = file;
            key
        });
        let variables = [
            ("CODEX_HOME", home.path().to_str().unwrap()),
            // A proxy is for the internet, and the model is on this machine.
            ("NO_PROXY", "127.0.0.1"),
            ("no_proxy", "127.0.0.1"),
        ];
        let config = Config {
            settings,
            token: Token::parse(TOKEN).unwrap(),
            codex_env: variables.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
            image_addresses,
            history_key,
        };
        match codex_is_muted {
            Some(word) => install_muted_codex(&codex_in(&home), word),
            None if codex_is_installed => install_codex(&codex_in(&home)),
            None => {}
        }
        let gateway = gateway::start(config).await.unwrap();
        if codex_is_installed {
            let status = timeout(PATIENCE, gateway.status().settled()).await.expect("Codex is not ready");
            assert!(matches!(status, Status::Ready { .. }), "{status:?}");
        }
        let http = Client::builder().no_proxy().build().unwrap();
        Self { model, gateway, http, home }
    }

    /// Where this gateway looks for Codex: a path of its own, which tells its processes from those of other tests.
    pub(crate) fn codex(&self) -> PathBuf {
        codex_in(&self.home)
    }

    /// Makes Codex appear where it was missing.
    pub(crate) fn install_codex(&self) {
        install_codex(&self.codex());
    }

    /// Puts another Codex, which is the same but for its file, in the place of the one that runs.
    pub(crate) fn update_codex(&self) {
        let new = self.home.path().join("codex.new");
        std::fs::copy(real_codex(), &new).unwrap();
        std::fs::rename(new, self.codex()).unwrap();
    }

    /// The settings of a stack that wants nothing to be different.
    pub(crate) fn settings(&self) -> Settings {
        settings(&self.home)
    }

    /// Runs a command of Codex's own in this gateway's Codex home, as a person does in another terminal.
    pub(crate) async fn codex_command(&self, arguments: &[&str], input: &str) {
        let mut command = tokio::process::Command::new(self.codex());
        command.args(arguments).env("CODEX_HOME", self.home.path()).current_dir(self.home.path());
        let mut child = command.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).await.unwrap();
        assert!(child.wait().await.unwrap().success(), "{arguments:?}");
    }

    /// Puts a file into this gateway's Codex home.
    pub(crate) fn add_to_codex_home(&self, name: &str, text: &str) {
        std::fs::write(self.home.path().join(name), text).unwrap();
    }

    /// The process of this gateway's Codex.
    pub(crate) fn codex_process(&self) -> Process {
        let mut found = processes().into_iter().filter(|process| process.runs(&self.codex()));
        let process = found.next().expect("Codex is not running");
        assert!(found.next().is_none(), "Codex runs twice");
        process
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        let url = format!("http://{}{path}", self.gateway.address());
        Answer::read(self.http.get(url).bearer_auth(TOKEN).send().await.unwrap()).await
    }

    /// A request with this body as it goes over the wire, for callers that break it off.
    pub(crate) fn raw_request(&self, path: &str, body: &Value) -> Vec<u8> {
        let (address, body) = (self.gateway.address(), body.to_string());
        let head = format!(
            "POST /v1{path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {TOKEN}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        (head + &body).into_bytes()
    }

    /// Sends the body of a chat completion, and returns as soon as the head of the answer is there.
    pub(crate) fn post(&self, body: &Value) -> impl Future<Output = Response> + Send + use<> {
        self.post_with(TOKEN, body)
    }

    /// As [`Self::post`], with another token.
    pub(crate) fn post_with(
        &self,
        token: &str,
        body: &Value,
    ) -> impl Future<Output = Response> + Send + use<> {
        self.send(token, "/chat/completions", body)
    }

    /// As [`Self::post`], to another path below `/v1`.
    pub(crate) fn post_to(&self, path: &str, body: &Value) -> impl Future<Output = Response> + Send + use<> {
        self.send(TOKEN, path, body)
    }

    fn send(&self, token: &str, path: &str, body: &Value) -> impl Future<Output = Response> + Send + use<> {
        let request = self
            .http
            .post(format!("{}{path}", self.gateway.base_url()))
            .bearer_auth(token)
            .header("content-type", "application/json")
            .body(body.to_string());
        async { timeout(PATIENCE, request.send()).await.expect("no answer came").unwrap() }
    }

    /// Asks for a chat completion: `content` is that of one user message.
    pub(crate) async fn chat(&self, content: impl Into<Value>) -> Answer {
        Answer::read(self.post(&user_message(content)).await).await
    }

    /// The text of the answer to "Say pong", which must be a success.
    pub(crate) async fn say_pong(&self) -> String {
        self.chat("Say pong").await.text()
    }

    /// As [`Self::chat`], as a stream that has begun.
    pub(crate) async fn stream(&self, content: impl Into<Value>) -> ChatStream {
        ChatStream::new(self.post(&streamed(user_message(content))).await)
    }

    /// What the model got for the only request since the last clear.
    pub(crate) async fn model_request(&self) -> RecordedRequest {
        let mut requests = self.model.wait_for_requests(1, PATIENCE).await.unwrap();
        assert_eq!(requests.len(), 1, "the model was asked more than once");
        requests.remove(0)
    }

    /// Ends everything, and sees to it that no process is left. Tells how long the gateway took.
    pub(crate) async fn stop(self) -> Duration {
        let Self { model, gateway, home, .. } = self;
        let codex = codex_in(&home);
        let groups: Vec<_> = processes().iter().filter(|it| it.runs(&codex)).map(|it| it.group).collect();
        let since = std::time::Instant::now();
        timeout(PATIENCE, gateway.shutdown()).await.expect("the gateway does not stop");
        let took = since.elapsed();
        let is_left = |it: &Process| it.runs(&codex) || groups.contains(&it.group);
        let left: Vec<_> = processes().into_iter().filter(is_left).collect();
        assert!(left.is_empty(), "still running: {left:?}");
        model.shutdown().await;
        took
    }
}

fn settings(home: &TempDir) -> Settings {
    let overrides = Overrides { port: Some(0), codex: Some(codex_in(home)), ..Overrides::default() };
    Settings::load(&overrides, None).unwrap()
}

fn codex_in(home: &TempDir) -> PathBuf {
    home.path().join("codex")
}

fn install_codex(path: &Path) {
    symlink(real_codex(), path).unwrap();
}

/// The real Codex, less the lines of its output with `word` in them.
fn install_muted_codex(path: &Path, word: &str) {
    let script = format!("#!/bin/sh\n{:?} \"$@\" | grep --line-buffered -v '{word}'\n", real_codex());
    std::fs::write(path, script).unwrap();
    std::fs::set_permissions(path, Permissions::from_mode(0o700)).unwrap();
}

pub(crate) fn real_codex() -> PathBuf {
    let codex = env::var_os("CODEX_GATEWAY_CODEX").map(PathBuf::from);
    let codex = codex.expect("set CODEX_GATEWAY_CODEX to the path of Codex: these tests run the real one");
    assert!(codex.is_file(), "CODEX_GATEWAY_CODEX is {}, where there is no file", codex.display());
    codex
}

/// The body of a request with one user message.
pub(crate) fn user_message(content: impl Into<Value>) -> Value {
    json!({"model": MODEL, "messages": [{"role": "user", "content": content.into()}]})
}

pub(crate) fn streamed(mut body: Value) -> Value {
    body["stream"] = true.into();
    body
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) async fn read(response: Response) -> Self {
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let retry_after = headers.get("retry-after");
        let retry_after =
            retry_after.map(|value| Duration::from_secs(value.to_str().unwrap().parse().unwrap()));
        let body = timeout(PATIENCE, response.text()).await.expect("the answer does not end").unwrap();
        let body = serde_json::from_str(&body).unwrap_or_else(|_| panic!("not JSON: {body}"));
        Self { status, retry_after, headers, body }
    }

    /// The value of a header, or nothing.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The answer of the model.
    pub(crate) fn text(&self) -> String {
        assert_eq!(self.status, 200, "{}", self.body);
        self.body["choices"][0]["message"]["content"].as_str().unwrap().to_owned()
    }

    /// Code and message of the error, which must have this status.
    pub(crate) fn error(&self, status: u16) -> (&str, &str) {
        assert_eq!(self.status, status, "{}", self.body);
        let field = |name: &str| self.body["error"][name].as_str().unwrap();
        (field("code"), field("message"))
    }
}
