//! The application, in a session, on a real Codex that asks a scripted model.

use std::{
    env, fs,
    net::TcpListener,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde_json::{Value, json};

use super::{Model, Session, eventually};

pub(crate) const TOKEN: &str = "codex-gateway-local-for-the-desktop-tests";

pub(crate) struct App {
    pub(crate) port: u16,
    /// When it was launched.
    pub(crate) launched: Instant,
    child: Child,
    stderr: PathBuf,
    model: Model,
}

/// Where the application was built: beside these tests, unless `DESKTOP_PROGRAM` names another place.
pub(crate) fn program() -> PathBuf {
    if let Some(named) = env::var_os("DESKTOP_PROGRAM") {
        return named.into();
    }
    let tests = env::current_exe().unwrap();
    let folder = tests.parent().and_then(Path::parent).unwrap();
    let program = folder.join("codex-gateway-desktop");
    assert!(program.is_file(), "build it first: cargo build --package codex-gateway-desktop");
    program
}

impl App {
    /// Past its first run, and with its token in the configuration file.
    pub(crate) async fn start(session: &Session) -> Self {
        Self::start_with(session, json!({ "desktop": { "first_run_done": true } })).await
    }

    /// With these settings beside the token and a free port.
    pub(crate) async fn start_with(session: &Session, settings: Value) -> Self {
        let port = configure(session, settings);
        let model = Model::start().await;
        let stderr = session.home.path().join("stderr");
        let launched = Instant::now();
        let child = command(session, &model)
            .stdin(Stdio::null())
            .stderr(fs::File::create(&stderr).unwrap())
            .process_group(0)
            .spawn()
            .unwrap();
        Self { port, launched, child, stderr, model }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn model(&self) -> &Model {
        &self.model
    }

    /// The status with which the gateway answers, if it does.
    pub(crate) async fn health(&self) -> Option<u16> {
        health(self.port).await
    }

    pub(crate) async fn until_ready(&self) {
        eventually("the gateway is ready", async || self.health().await == Some(200)).await;
    }

    /// The gateway answers before its Codex is there.
    pub(crate) async fn until_codex_is_ready(&self) {
        let url = format!("http://127.0.0.1:{}/healthz", self.port);
        eventually("Codex is ready", async || {
            let Ok(answer) = reqwest::get(&url).await else { return false };
            answer.text().await.is_ok_and(|health| health.contains(r#""status":"ok""#))
        })
        .await;
    }

    pub(crate) async fn ask(&self, text: &str) -> Value {
        self.ask_with(TOKEN, text).await
    }

    pub(crate) async fn ask_with(&self, token: &str, text: &str) -> Value {
        let url = format!("http://127.0.0.1:{}/v1/chat/completions", self.port);
        let body = json!({ "model": "gpt-5.5", "messages": [{ "role": "user", "content": text }] });
        let request =
            reqwest::Client::new().post(url).bearer_auth(token).header("content-type", "application/json");
        let request = request.header("user-agent", "desktop-tests/1.0").body(body.to_string());
        let answer = request.send().await.unwrap_or_else(|error| panic!("{error:?}: {}", self.said()));
        let answer = answer.text().await.unwrap();
        serde_json::from_str(&answer).unwrap()
    }

    /// The processes that it started, and theirs.
    pub(crate) fn descendants(&self) -> Vec<Process> {
        let mut all = processes();
        let mut family = vec![self.pid()];
        let mut found = Vec::new();
        while let Some(parent) = family.pop() {
            for process in all.extract_if(.., |process| process.parent == parent) {
                family.push(process.pid);
                found.push(process);
            }
        }
        found
    }

    /// The processes that draw pages for it.
    pub(crate) fn web_processes(&self) -> Vec<u32> {
        let all = processes().into_iter();
        let ours =
            all.filter(|process| process.parent == self.pid() && process.args.contains("WebKitWebProcess"));
        ours.map(|process| process.pid).collect()
    }

    /// Kills the process that draws pages the moment it appears: before it has told the application that it is there.
    pub(crate) async fn kill_web_process_at_launch(&self) {
        let children = format!("/proc/{0}/task", self.pid());
        let is_it = |pid: &str| {
            let args = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            args.contains("WebKitWebProcess")
        };
        for _ in 0..20_000 {
            let threads = fs::read_dir(&children).unwrap().flatten();
            let listed: String = threads
                .filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok())
                .collect();
            if let Some(found) = listed.split_whitespace().find(|pid| is_it(pid)) {
                return signal(found.parse().unwrap(), Signal::KILL);
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        panic!("no process for the page was started; the application said: {}", self.said());
    }

    /// Sends a signal to its Codex.
    pub(crate) fn signal_codex(&self, kind: Signal) {
        let all = self.descendants();
        let codex: Vec<_> = all.iter().filter(|process| process.args.contains("app-server")).collect();
        assert!(!codex.is_empty(), "Codex runs");
        codex.into_iter().for_each(|process| signal(process.pid, kind));
    }

    /// Stops it and all that it started, or has them go on, as a machine does that goes to sleep and wakes.
    pub(crate) fn signal_all(&self, kind: Signal) {
        signal(self.pid(), kind);
        self.descendants().into_iter().for_each(|process| signal(process.pid, kind));
    }

    /// The command lines of those that use its configuration, whoever their parent is by now.
    pub(crate) fn left_behind(&self) -> Vec<String> {
        let [(name, home), ..] = self.model.codex_env();
        let ours = format!("{name}={home}");
        let uses = |pid: u32| {
            let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|entry| entry == ours.as_bytes())
        };
        processes().into_iter().filter(|process| uses(process.pid)).map(|process| process.args).collect()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for its end.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        for _ in 0..200 {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the application is still there; it said: {}", self.said());
    }

    /// What it said on standard error.
    pub(crate) fn said(&self) -> String {
        fs::read_to_string(&self.stderr).unwrap()
    }
}

impl Drop for App {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        let _ = self.child.wait();
    }
}

/// The Codex that the tests run.
pub(crate) fn codex() -> String {
    env::var("CODEX_GATEWAY_CODEX").expect("CODEX_GATEWAY_CODEX names a Codex")
}

/// Writes a configuration file with a free port and these settings, and with the token unless they say otherwise; returns
/// the port.
pub(crate) fn configure(session: &Session, mut settings: Value) -> u16 {
    let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    if settings.get("token_place").or(settings.get("token")).is_none() {
        settings["token"] = json!(TOKEN);
    }
    settings["port"] = json!(port);
    if settings["codex"].is_null() {
        settings["codex"] = json!(codex());
    }
    fs::write(config(session), settings.to_string()).unwrap();
    port
}

pub(crate) async fn health(port: u16) -> Option<u16> {
    Some(reqwest::get(format!("http://127.0.0.1:{port}/healthz")).await.ok()?.status().as_u16())
}

pub(crate) fn config(session: &Session) -> PathBuf {
    session.home.path().join("config.json")
}

/// The application's command line, for a further launch too.
pub(crate) fn command(session: &Session, model: &Model) -> Command {
    let mut command = session.command(program());
    command.arg("--config").arg(config(session)).envs(model.codex_env());
    command
}

pub(crate) fn signal(pid: u32, kind: Signal) {
    // It may be gone already.
    let _ = kill_process(Pid::from_raw(pid.cast_signed()).unwrap(), kind);
}

#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) pid: u32,
    parent: u32,
    pub(crate) args: String,
}

/// All that run on this machine, but for those that are dead and not yet buried.
fn processes() -> Vec<Process> {
    let listed = Command::new("ps").args(["-eo", "pid=,ppid=,stat=,args="]).output().unwrap();
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    let parse = |line: &str| {
        let mut words = line.split_whitespace();
        let (pid, parent) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        let is_dead = words.next()?.starts_with('Z');
        (!is_dead).then(|| Process { pid, parent, args: words.collect::<Vec<_>>().join(" ") })
    };
    listed.lines().filter_map(parse).collect()
}
