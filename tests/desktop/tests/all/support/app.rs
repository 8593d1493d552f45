//! The application, in a session, on a real Codex that asks a scripted model.

use std::{
    env, fs,
    net::TcpListener,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use scripted_model::Demo;
use serde_json::{Value, json};

use super::{Session, eventually};

pub(crate) const TOKEN: &str = "codex-gateway-local-for-the-desktop-tests";

pub(crate) struct App {
    pub(crate) port: u16,
    child: Child,
    stderr: PathBuf,
    model: Demo,
}

/// Where the application was built: beside these tests.
pub(crate) fn program() -> PathBuf {
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
        let model = Demo::start(&session.demo_home()).await.unwrap();
        let stderr = session.home.path().join("stderr");
        let child = command(session, &model)
            .stdin(Stdio::null())
            .stderr(fs::File::create(&stderr).unwrap())
            .process_group(0)
            .spawn()
            .unwrap();
        Self { port, child, stderr, model }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn model(&self) -> &Demo {
        &self.model
    }

    /// The status with which the gateway answers, if it does.
    pub(crate) async fn health(&self) -> Option<u16> {
        health(self.port).await
    }

    pub(crate) async fn until_ready(&self) {
        eventually("the gateway is ready", async || self.health().await == Some(200)).await;
    }

    pub(crate) async fn ask(&self, text: &str) -> Value {
        let url = format!("http://127.0.0.1:{}/v1/chat/completions", self.port);
        let body = json!({ "model": "gpt-5.5", "messages": [{ "role": "user", "content": text }] });
        let request =
            reqwest::Client::new().post(url).bearer_auth(TOKEN).header("content-type", "application/json");
        let request = request.header("user-agent", "desktop-tests/1.0").body(body.to_string());
        let answer = request.send().await.unwrap_or_else(|error| panic!("{error:?}: {}", self.said()));
        let answer = answer.text().await.unwrap();
        serde_json::from_str(&answer).unwrap()
    }

    /// The command lines of the processes that it started, and theirs.
    pub(crate) fn descendants(&self) -> Vec<String> {
        let all = processes();
        let mut family = vec![self.pid()];
        let mut found = Vec::new();
        while let Some(parent) = family.pop() {
            for process in all.iter().filter(|process| process.parent == parent) {
                family.push(process.pid);
                found.push(process.args.clone());
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

    /// The command lines of those that use its configuration, whoever their parent is by now.
    pub(crate) fn left_behind(&self) -> Vec<String> {
        let ours = self.model.codex_env().into_iter().find(|(name, _)| name == "CODEX_HOME").unwrap();
        let ours = format!("{}={}", ours.0, ours.1);
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

/// Writes a configuration file with the token, a free port and these settings; returns the port.
pub(crate) fn configure(session: &Session, mut settings: Value) -> u16 {
    let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    settings["token"] = json!(TOKEN);
    settings["port"] = json!(port);
    if settings["codex"].is_null() {
        settings["codex"] =
            json!(env::var("CODEX_GATEWAY_CODEX").expect("CODEX_GATEWAY_CODEX names a Codex"));
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
pub(crate) fn command(session: &Session, model: &Demo) -> Command {
    let mut command = session.command(program());
    command.arg("--config").arg(config(session)).envs(model.codex_env());
    command
}

struct Process {
    pid: u32,
    parent: u32,
    args: String,
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
