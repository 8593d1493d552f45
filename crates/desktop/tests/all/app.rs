//! An application of its own for each test, with its own configuration, Codex and model.

use std::{
    env, fs,
    net::{Ipv4Addr, TcpListener},
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU16, Ordering},
    },
    time::Duration,
};

use desktop::{
    Desktop, Options,
    view::{AppState, RequestView, Switch, Trouble},
};
use gateway::settings::Overrides;
use reqwest::Client;
use scripted_model::{CodexConfig, ScriptedModel};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

/// Long enough for a busy machine; only a test that fails waits for it to pass.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// One of those that Codex itself brings.
pub(crate) const MODEL: &str = "gpt-5.5";

pub(crate) const TOKEN: &str = "codex-gateway-local-0123456789abcdefghijklmnopqrstuvwxyzABCDEFG";

pub(crate) struct App {
    pub(crate) desktop: Desktop,
    pub(crate) model: ScriptedModel,
    pub(crate) folder: TempDir,
}

/// Where an application will run, before it does.
pub(crate) struct Ground {
    pub(crate) model: ScriptedModel,
    pub(crate) folder: TempDir,
}

impl Ground {
    /// A configuration file with a free port and a token, and a Codex that talks to the scripted model.
    pub(crate) async fn new() -> Self {
        let model = ScriptedModel::start((Ipv4Addr::LOCALHOST, 0).into()).await.unwrap();
        let folder = tempfile::Builder::new().prefix("desktop-").tempdir().unwrap();
        fs::create_dir(folder.path().join("codex-home")).unwrap();
        model.codex_home(&folder.path().join("codex-home"), &CodexConfig::default()).unwrap();
        let ground = Self { model, folder };
        install_codex(&ground.codex());
        ground.configure(json!({"port": free_port(), "token": TOKEN, "token_place": "file"}));
        ground
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.folder.path().join("config.json")
    }

    pub(crate) fn configure(&self, config: Value) {
        fs::write(self.config(), config.to_string()).unwrap();
    }

    pub(crate) fn codex(&self) -> PathBuf {
        self.folder.path().join("codex")
    }

    pub(crate) fn options(&self) -> Options {
        let home = self.folder.path().join("codex-home");
        let variables = [
            ("CODEX_HOME", home.to_str().unwrap()),
            // A proxy is for the internet, and the model is on this machine.
            ("NO_PROXY", "127.0.0.1"),
            ("no_proxy", "127.0.0.1"),
        ];
        Options {
            config: self.config(),
            overrides: Overrides { codex: Some(self.codex()), ..Overrides::default() },
            codex_env: variables.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
            downloads: self.folder.path().join("downloads"),
            ..Options::default()
        }
    }

    pub(crate) fn open(self) -> App {
        let options = self.options();
        self.open_with(options)
    }

    pub(crate) fn open_with(self, options: Options) -> App {
        let desktop = Desktop::open(options);
        let Self { model, folder } = self;
        App { desktop, model, folder }
    }
}

impl App {
    /// Returns once Codex is ready.
    pub(crate) async fn ready() -> Self {
        let app = Ground::new().await.open();
        app.until_ready().await;
        app
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.folder.path().join("config.json")
    }

    pub(crate) fn codex(&self) -> PathBuf {
        self.folder.path().join("codex")
    }

    /// What is in the configuration file.
    pub(crate) fn written(&self) -> Value {
        serde_json::from_str(&fs::read_to_string(self.config()).unwrap()).unwrap()
    }

    pub(crate) fn state(&self) -> Arc<AppState> {
        Arc::clone(&self.desktop.state().borrow())
    }

    /// Waits for a state.
    pub(crate) async fn until(&self, is_so: impl Fn(&AppState) -> bool) -> Arc<AppState> {
        let mut states = self.desktop.state();
        let waited = timeout(PATIENCE, states.wait_for(|state| is_so(state))).await;
        match waited {
            Ok(state) => Arc::clone(&state.unwrap()),
            Err(_) => panic!("it stays so: {:#?}", self.state()),
        }
    }

    pub(crate) async fn until_ready(&self) -> Arc<AppState> {
        self.until(|state| state.switch == Switch::On && state.codex.is_some() && state.trouble.is_none())
            .await
    }

    pub(crate) async fn until_trouble(&self, is_it: impl Fn(&Trouble) -> bool) -> Trouble {
        let state = self.until(|state| state.trouble.as_ref().is_some_and(&is_it)).await;
        state.trouble.clone().unwrap()
    }

    /// The status of a request, and the body of its answer; `None` if nobody listens.
    pub(crate) async fn post(&self, token: &str, body: &Value) -> Option<(u16, Value)> {
        self.post_to("/v1/chat/completions", token, body).await
    }

    pub(crate) async fn post_to(&self, path: &str, token: &str, body: &Value) -> Option<(u16, Value)> {
        let url = self.state().base_url.replace("/v1", path);
        let request = client().post(url).bearer_auth(token).header("content-type", "application/json");
        let response = timeout(PATIENCE, request.body(body.to_string()).send()).await.unwrap().ok()?;
        let status = response.status().as_u16();
        Some((status, serde_json::from_str(&response.text().await.unwrap()).unwrap()))
    }

    /// The status of a plain question.
    pub(crate) async fn ask(&self, token: &str) -> Option<u16> {
        self.post(token, &question()).await.map(|(status, _)| status)
    }

    /// Waits for the record of a request, which comes a moment after its answer.
    pub(crate) async fn until_request(&self, is_it: impl Fn(&RequestView) -> bool) -> Arc<RequestView> {
        let search = async {
            loop {
                if let Some(found) = self.desktop.requests().into_iter().rfind(|request| is_it(request)) {
                    return found;
                }
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(PATIENCE, search).await.expect("no such request is recorded")
    }

    /// Ends everything, and sees to it that no process is left.
    pub(crate) async fn close(self) {
        timeout(PATIENCE, self.desktop.shutdown()).await.expect("it does not end");
        // One that was killed while it started is gone a moment later.
        let gone = async {
            while !processes_of(&self.codex()).is_empty() {
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(PATIENCE, gone).await.expect("a process is left");
        self.model.shutdown().await;
    }
}

pub(crate) fn install_codex(path: &Path) {
    let codex = env::var_os("CODEX_GATEWAY_CODEX").map(PathBuf::from);
    let codex = codex.expect("set CODEX_GATEWAY_CODEX to the path of Codex: these tests run the real one");
    symlink(codex, path).unwrap();
}

pub(crate) fn client() -> Client {
    Client::builder().no_proxy().build().unwrap()
}

pub(crate) fn question() -> Value {
    json!({"model": MODEL, "messages": [{"role": "user", "content": "Say pong"}]})
}

/// A port that nobody listens on, below those that systems give to outgoing connections: one of these could take it while
/// a test has let go of it.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = 20_000 + (std::process::id() % 8_000) as u16;
    let mut ports = (0..4_000).map(|_| start + NEXT.fetch_add(1, Ordering::Relaxed));
    ports.find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok()).expect("some port is free")
}

/// The ids of the processes that run `program`.
pub(crate) fn processes_of(program: &Path) -> Vec<String> {
    let output = std::process::Command::new("ps").args(["-A", "-ww", "-o", "pid=,stat=,args="]).output();
    let output = String::from_utf8(output.expect("these tests need `ps`").stdout).unwrap();
    let runs = |line: &str| {
        let mut words = line.split_whitespace();
        let (id, state, command) = (words.next()?, words.next()?, words.next()?);
        (!state.starts_with('Z') && program.to_str() == Some(command)).then(|| id.to_owned())
    };
    output.lines().filter_map(runs).collect()
}
