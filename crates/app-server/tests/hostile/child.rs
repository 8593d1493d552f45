//! A shell script in the place of Codex.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use app_server::{AppServer, Command, LaunchError, protocol::ClientInfo};
use tempfile::TempDir;

/// Long enough for a busy machine; only a test that fails waits for it to pass.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Answers `initialize`, the first request, as Codex does.
pub(crate) const GREET: &str =
    r#"read -r request; echo '{"id":1,"result":{"userAgent":"codex-gateway/1.2.3 (fake)"}}';"#;

/// A script, and the process group of each of its runs.
pub(crate) struct Child {
    folder: TempDir,
}

impl Child {
    pub(crate) fn new(script: &str) -> Self {
        let child = Self { folder: tempfile::tempdir().unwrap() };
        child.replace(script);
        child
    }

    /// Another script for the next run.
    pub(crate) fn replace(&self, script: &str) {
        // The shell reads the file: executing a file that was just written can fail while another test forks.
        fs::write(self.path("script"), format!("echo $$ >> groups\n{script}\n")).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn command(&self) -> Command {
        Command {
            args: vec!["script".into()],
            cwd: self.folder.path().to_owned(),
            ..command(Path::new("/bin/sh"))
        }
    }

    pub(crate) async fn start(&self) -> Result<AppServer, LaunchError> {
        self.start_within(PATIENCE).await
    }

    pub(crate) async fn start_within(&self, request_timeout: Duration) -> Result<AppServer, LaunchError> {
        start(&self.command(), request_timeout).await
    }

    /// The process group of each run so far.
    pub(crate) fn groups(&self) -> Vec<u32> {
        let groups = fs::read_to_string(self.path("groups")).unwrap_or_default();
        groups.lines().map(|group| group.parse().unwrap()).collect()
    }

    /// Waits until no process of any run is left: a killed one is gone a moment later.
    pub(crate) async fn assert_gone(&self) {
        let groups = self.groups();
        assert!(!groups.is_empty(), "the script never ran");
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left: Vec<_> = processes().into_iter().filter(|(group, _)| groups.contains(group)).collect();
            if left.is_empty() {
                return;
            }
            assert!(Instant::now() < deadline, "still running: {left:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

pub(crate) fn command(program: &Path) -> Command {
    Command {
        program: program.to_owned(),
        args: Vec::new(),
        cwd: std::env::temp_dir(),
        env: Vec::new(),
        withheld_prefixes: Vec::new(),
        secrets: Vec::new(),
    }
}

pub(crate) async fn start(command: &Command, request_timeout: Duration) -> Result<AppServer, LaunchError> {
    let client_info =
        ClientInfo { name: "test".to_owned(), title: "Test".to_owned(), version: "0".to_owned() };
    let started = tokio::time::timeout(PATIENCE, AppServer::start(command, client_info, request_timeout));
    started.await.expect("the start neither succeeds nor fails")
}

/// Group and command of every process that is not a zombie: who reaps those of a dead parent is not our affair.
fn processes() -> Vec<(u32, String)> {
    let output = std::process::Command::new("ps").args(["-A", "-o", "pgid=,stat=,args="]).output();
    let output = String::from_utf8_lossy(&output.expect("these tests need `ps`").stdout).into_owned();
    let processes = output.lines().filter_map(|line| {
        let (group, rest) = line.trim_start().split_once(' ')?;
        let (state, command) = rest.trim_start().split_once(' ')?;
        (!state.starts_with('Z')).then(|| (group.parse().unwrap(), command.trim().to_owned()))
    });
    processes.collect()
}
