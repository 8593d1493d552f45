//! The child process: how it is started, what it said on its way, and that it is really gone in the end.

use std::{
    collections::VecDeque,
    ffi::OsString,
    path::PathBuf,
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::{
    io::{AsyncRead, BufReader},
    process::{Child, ChildStdin, ChildStdout},
    sync::watch,
    time::timeout,
};

use crate::{
    LaunchError, Secret, redact,
    transport::{Line, LineReader},
};

/// How to start Codex.
#[derive(Debug, Clone)]
pub struct Command {
    pub program: PathBuf,
    pub args: Vec<OsString>,
    /// The working directory of the process.
    pub cwd: PathBuf,
    /// Variables set on top of this process's own environment.
    pub env: Vec<(OsString, OsString)>,
    /// Variables of this process that the child must not see, by the start of their names.
    pub withheld_prefixes: Vec<String>,
    /// No variable that holds one of these reaches the child.
    pub secrets: Vec<Secret>,
}

impl Command {
    /// The same program, folder and environment with no arguments yet, for Codex's other commands.
    pub fn to_tokio(&self) -> tokio::process::Command {
        let mut command = tokio::process::Command::new(&self.program);
        command.current_dir(&self.cwd).env_clear().envs(self.environment());
        command
    }

    /// The environment that the child gets.
    fn environment(&self) -> Vec<(OsString, OsString)> {
        let withheld = |name: &OsString, value: &OsString| {
            let (name, value) = (name.to_string_lossy(), value.to_string_lossy());
            self.withheld_prefixes.iter().any(|prefix| name.starts_with(prefix))
                || self.secrets.iter().any(|secret| holds(&value, secret.expose()))
        };
        std::env::vars_os()
            .filter(|(name, value)| !withheld(name, value))
            .chain(self.env.iter().cloned())
            .collect()
    }
}

/// Whether a variable's value holds a secret. A short secret stands in many a value by chance, `PATH` among them, so it
/// must be the whole value.
fn holds(value: &str, secret: &str) -> bool {
    const UNMISTAKABLE: usize = 16;
    value == secret || (secret.len() >= UNMISTAKABLE && value.contains(secret))
}

/// How the process ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exit {
    /// For people: `exit status: 1`, `signal: 9 (SIGKILL)`.
    pub status: String,
    /// The last lines that it wrote to its standard error, redacted.
    pub stderr: Vec<String>,
}

const STDERR_LINES: usize = 40;
const STDERR_LINE_BYTES: usize = 4096;

/// A running child, in a process group of its own. Dropping it kills the group.
#[derive(Debug)]
pub(crate) struct Process {
    group: Pid,
    exited: watch::Receiver<Option<String>>,
    stderr: Stderr,
}

impl Process {
    pub(crate) fn spawn(command: &Command) -> Result<(Self, ChildStdin, ChildStdout), LaunchError> {
        let failed = |source| LaunchError::Spawn { path: command.program.clone(), source };
        let mut child = command
            .to_tokio()
            .args(&command.args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        let ((Some(stdin), Some(stdout), Some(stderr)), Some(group)) = (pipes, group) else {
            return Err(failed(std::io::Error::other("it ended at once")));
        };
        let process = Self { group, exited: reap(child, group), stderr: Stderr::collect(stderr) };
        Ok((process, stdin, stdout))
    }

    pub(crate) fn pid(&self) -> u32 {
        self.group.as_raw_nonzero().get().unsigned_abs()
    }

    /// Waits for the process to end by itself. May be cancelled.
    pub(crate) async fn wait(&self) -> Exit {
        let mut exited = self.exited.clone();
        let status = match exited.wait_for(Option::is_some).await {
            Ok(status) => status.clone().unwrap_or_default(),
            Err(_) => "unknown: nobody waited for it".to_owned(),
        };
        Exit { status, stderr: self.stderr.tail().await }
    }

    /// Gives the process `grace` to end by itself, then asks it to by signal, then kills it.
    pub(crate) async fn stop(&self, grace: Duration) -> Exit {
        for (patience, signal) in [(grace, Signal::TERM), (Duration::from_millis(300), Signal::KILL)] {
            if let Ok(exit) = timeout(patience, self.wait()).await {
                return exit;
            }
            tracing::warn!(pid = self.pid(), ?signal, "Codex does not end by itself");
            self.signal(signal);
        }
        self.wait().await
    }

    pub(crate) async fn kill(&self) -> Exit {
        self.signal(Signal::KILL);
        self.wait().await
    }

    fn signal(&self, signal: Signal) {
        // The group may be empty already, which is what is wanted.
        let _ = kill_process_group(self.group, signal);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.exited.borrow().is_none() {
            self.signal(Signal::KILL);
        }
    }
}

/// Waits for the child in a task of its own, so that it never stays behind as a zombie.
fn reap(mut child: Child, group: Pid) -> watch::Receiver<Option<String>> {
    let (sender, receiver) = watch::channel(None);
    tokio::spawn(async move {
        let status = match child.wait().await {
            Ok(status) => ExitStatus::to_string(&status),
            Err(error) => format!("unknown: {error}"),
        };
        // Grandchildren outlive their parent only until here; one that holds its pipes would hide its end.
        let _ = kill_process_group(group, Signal::KILL);
        let _ = sender.send(Some(status));
    });
    receiver
}

/// The last lines of standard error. They are read for as long as the pipe is open, so that the child never blocks on
/// a full pipe; and redacted only when somebody wants them, so that a flood of them costs little.
#[derive(Debug)]
struct Stderr {
    lines: Arc<Mutex<VecDeque<Secret>>>,
    done: watch::Receiver<bool>,
}

impl Stderr {
    fn collect(pipe: impl AsyncRead + Send + Unpin + 'static) -> Self {
        let lines = Arc::new(Mutex::new(VecDeque::with_capacity(STDERR_LINES)));
        let (sender, done) = watch::channel(false);
        let kept = Arc::clone(&lines);
        tokio::spawn(async move {
            let mut reader = LineReader::new(BufReader::new(pipe), STDERR_LINE_BYTES);
            while let Ok(Some(line)) = reader.next().await {
                let line = match line {
                    Line::Whole(line) => String::from_utf8_lossy(line).into_owned(),
                    Line::TooLong(bytes) => format!("[a line of {bytes} bytes]"),
                };
                // Its fields are made only where somebody listens.
                tracing::debug!(line = redact(&line), "Codex's standard error");
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                if kept.len() == STDERR_LINES {
                    kept.pop_front();
                }
                kept.push_back(Secret::new(line));
            }
            let _ = sender.send(true);
        });
        Self { lines, done }
    }

    /// What was written until the end; a grandchild that holds the pipe open is not waited for.
    async fn tail(&self) -> Vec<String> {
        let mut done = self.done.clone();
        let _ = timeout(Duration::from_millis(200), done.wait_for(|done| *done)).await;
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().map(|line| redact(line.expose())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncReadExt;

    fn shell(script: &str) -> Command {
        Command {
            program: "/bin/sh".into(),
            args: vec!["-c".into(), script.into()],
            cwd: std::env::temp_dir(),
            env: vec![("GIVEN".into(), "yes".into())],
            withheld_prefixes: vec!["CARGO_PKG_".to_owned()],
            secrets: vec![Secret::new(env!("CARGO_MANIFEST_DIR"))],
        }
    }

    async fn output(mut stdout: ChildStdout) -> String {
        let mut text = String::new();
        stdout.read_to_string(&mut text).await.unwrap();
        text
    }

    fn is_alive(pid: &str) -> bool {
        std::process::Command::new("/bin/kill").args(["-0", pid]).output().unwrap().status.success()
    }

    #[tokio::test]
    async fn the_child_sees_no_withheld_variable_and_no_secret() {
        // Cargo sets both for a test: CARGO_PKG_NAME by its name, CARGO_MANIFEST_DIR by its value.
        assert!(
            std::env::var_os("CARGO_PKG_NAME").is_some() && std::env::var_os("CARGO_MANIFEST_DIR").is_some()
        );
        let (process, _stdin, stdout) = Process::spawn(&shell("env")).unwrap();
        let env = output(stdout).await;
        process.wait().await;
        assert!(env.contains("GIVEN=yes") && env.contains("PATH="), "{env}");
        assert!(!env.contains("CARGO_PKG_") && !env.contains(env!("CARGO_MANIFEST_DIR")), "{env}");
    }

    #[test]
    fn a_short_secret_withholds_only_itself() {
        assert!(holds("hunter2", "hunter2") && !holds("/home/hunter2/bin", "hunter2"));
        assert!(holds("key=codex-gateway-local-abc;", "codex-gateway-local-abc"));
    }

    #[tokio::test]
    async fn its_last_words_are_kept_and_redacted() {
        let script = "for i in $(seq 1 100); do echo line $i >&2; done; echo key sk-12345678 >&2; exit 3";
        let (process, _stdin, _stdout) = Process::spawn(&shell(script)).unwrap();
        let exit = process.wait().await;
        assert_eq!(exit.status, "exit status: 3");
        assert_eq!(exit.stderr.len(), STDERR_LINES);
        assert_eq!(exit.stderr.last().unwrap(), "key [redacted]");
    }

    #[tokio::test]
    async fn a_child_that_ignores_its_input_and_sigterm_is_killed_with_its_children() {
        let script = "trap '' TERM; sleep 1000 & echo $!; while :; do sleep 1; done";
        let (process, _stdin, mut stdout) = Process::spawn(&shell(script)).unwrap();
        let mut grandchild = [0; 16];
        let length = stdout.read(&mut grandchild).await.unwrap();
        let grandchild = String::from_utf8_lossy(&grandchild[..length]).trim().to_owned();
        assert!(is_alive(&grandchild));
        let exit = process.stop(Duration::from_millis(50)).await;
        assert_eq!(exit.status, "signal: 9 (SIGKILL)");
        // The killed grandchild is reaped by init, which takes a moment.
        for _ in 0..100 {
            if !is_alive(&grandchild) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the grandchild lives on");
    }

    #[tokio::test]
    async fn dropping_the_process_kills_it() {
        let (process, _stdin, stdout) = Process::spawn(&shell("trap '' TERM; sleep 1000")).unwrap();
        drop(process);
        assert_eq!(output(stdout).await, "");
    }

    #[tokio::test]
    async fn a_program_that_cannot_run_is_an_error_that_names_it() {
        let command = Command { program: "/nowhere/codex".into(), ..shell("") };
        let error = Process::spawn(&command).unwrap_err();
        assert!(error.to_string().contains("/nowhere/codex"), "{error}");
    }
}
