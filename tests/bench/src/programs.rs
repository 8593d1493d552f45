//! The programs that are measured, as processes of their own.

use std::{
    ffi::{OsStr, OsString},
    fs,
    net::{Ipv4Addr, SocketAddr},
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use serde::Deserialize;
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    net::{TcpListener, TcpStream},
    process::{Child, ChildStdout, Command},
    time::sleep,
};

use crate::load::Callee;

/// Turns at a time, so that no caller waits for its place. The gateway's default is 16.
pub const ACTIVE_TURNS: usize = 64;

/// How long a program may take to start.
const PATIENCE: Duration = Duration::from_secs(60);

const TOKEN: &str = "a-local-token-of-the-bench";

/// Where the programs are.
#[derive(Debug, Clone)]
pub struct Paths {
    pub codex: PathBuf,
    pub gateway: PathBuf,
    /// A Python that has the package `codex-gateway`.
    pub python: PathBuf,
    /// Answers Codex's protocol at once.
    pub stub: PathBuf,
    pub bare_server: PathBuf,
}

/// A server that runs. It is ended when this is dropped.
#[derive(Debug)]
pub struct Running {
    process: Child,
    address: SocketAddr,
    /// From its start to where it took connections.
    pub listening: Duration,
    _stdout: Option<BufReader<ChildStdout>>,
}

impl Running {
    /// This gateway. `home` is its folder, with the `.codex` of its Codex.
    pub async fn gateway(
        program: &Path,
        codex: &Path,
        home: &Path,
        active_turns: usize,
    ) -> anyhow::Result<Self> {
        Self::announced(gateway_command(program, codex, home, active_turns)?).await
    }

    /// The same, which also writes down how its Codex is whenever it looks after it.
    pub async fn watchful_gateway(program: &Path, codex: &Path, home: &Path) -> anyhow::Result<Self> {
        let mut command = gateway_command(program, codex, home, ACTIVE_TURNS)?;
        command.env("CODEX_GATEWAY_LOG", "info,app_server=debug");
        Self::announced(command).await
    }

    /// The Python gateway, which starts the `codex` of its `PATH` and takes no port by itself.
    pub async fn peer(python: &Path, codex: &Path, home: &Path) -> anyhow::Result<Self> {
        let bin = home.join("bin");
        fs::create_dir_all(&bin)?;
        if !bin.join("codex").exists() {
            symlink(codex, bin.join("codex"))?;
        }
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths(std::iter::once(bin).chain(std::env::split_paths(&path)))?;
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?.local_addr()?;
        let mut command = command(python, home);
        command.env("PATH", path).env("CODEX_GATEWAY_TOKEN", TOKEN).stdout(Stdio::null());
        command.args(["-m", "codex_gateway.server", "--port", &address.port().to_string()]);
        let start = Instant::now();
        let mut process = command.spawn().context("the Python gateway can't be started")?;
        while TcpStream::connect(address).await.is_err() {
            if let Some(status) = process.try_wait()? {
                bail!("the Python gateway ended ({status})");
            }
            if start.elapsed() > PATIENCE {
                bail!("the Python gateway does not listen");
            }
            sleep(Duration::from_millis(1)).await;
        }
        Ok(Self { process, address, listening: start.elapsed(), _stdout: None })
    }

    /// A server that answers every request with the bytes of a file.
    pub async fn bare_server(program: &Path, home: &Path, answer: &Path) -> anyhow::Result<Self> {
        let mut command = command(program, home);
        command.arg(answer);
        Self::announced(command).await
    }

    pub fn callee(&self) -> Callee {
        Callee::Http { address: self.address, token: TOKEN.to_owned() }
    }

    pub fn pid(&self) -> anyhow::Result<u32> {
        self.process.id().context("the server has ended")
    }

    /// Ends it in order, so that its Codex ends with it.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        if let Some(pid) = self.process.id().and_then(|pid| rustix::process::Pid::from_raw(pid.cast_signed()))
        {
            rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        }
        if tokio::time::timeout(Duration::from_secs(15), self.process.wait()).await.is_err() {
            self.process.kill().await?;
        }
        Ok(())
    }

    /// Starts a server that says on a first line of JSON where it is.
    async fn announced(mut command: Command) -> anyhow::Result<Self> {
        #[derive(Deserialize)]
        struct Ready {
            base_url: String,
        }
        let start = Instant::now();
        let mut process = command.stdout(Stdio::piped()).spawn().context("a server can't be started")?;
        let mut stdout = BufReader::new(process.stdout.take().context("no standard output")?);
        let mut line = String::new();
        tokio::time::timeout(PATIENCE, stdout.read_line(&mut line)).await??;
        let Ready { base_url } =
            serde_json::from_str(&line).with_context(|| format!("a server ended at its start: {line:?}"))?;
        let address = base_url.trim_start_matches("http://").split('/').next().unwrap_or_default().parse()?;
        TcpStream::connect(address).await.context("a server does not listen")?;
        Ok(Self { process, address, listening: start.elapsed(), _stdout: Some(stdout) })
    }
}

/// Few people name certificates of their own. Where they do, Codex takes longer for each answer, but for this gateway's.
pub const CERTIFICATES: [&str; 3] = ["CODEX_CA_CERTIFICATE", "SSL_CERT_FILE", "SSL_CERT_DIR"];

/// What Codex is started with where no gateway starts it.
pub fn codex_env(home: &Path) -> Vec<(OsString, OsString)> {
    let home: &OsStr = home.as_os_str();
    let codex_home = Path::new(home).join(".codex");
    // A proxy is for the internet, and the model is on this machine.
    [
        ("HOME", home),
        ("CODEX_HOME", codex_home.as_os_str()),
        ("NO_PROXY", OsStr::new("127.0.0.1")),
        ("no_proxy", OsStr::new("127.0.0.1")),
    ]
    .map(|(name, value)| (name.into(), value.into()))
    .to_vec()
}

/// Where a program writes what it says of itself.
pub fn stderr_of(home: &Path) -> PathBuf {
    home.join("stderr.log")
}

fn gateway_command(
    program: &Path,
    codex: &Path,
    home: &Path,
    active_turns: usize,
) -> anyhow::Result<Command> {
    let config = home.join("gateway.json");
    fs::write(&config, json!({"token": TOKEN, "max_active_turns": active_turns}).to_string())?;
    fs::set_permissions(&config, fs::Permissions::from_mode(0o600))?;
    let mut command = command(program, home);
    command
        .env("CODEX_GATEWAY_CODEX", codex)
        .args(["serve", "--port", "0", "--json", "--config"])
        .arg(config);
    Ok(command)
}

fn command(program: &Path, home: &Path) -> Command {
    let mut command = Command::new(program);
    let own = std::env::vars_os().map(|(name, _)| name);
    let own = own.filter(|name| name.to_string_lossy().starts_with("CODEX_GATEWAY_"));
    for name in own.chain(CERTIFICATES.map(OsString::from)) {
        command.env_remove(name);
    }
    command.envs(codex_env(home)).current_dir(home).stdin(Stdio::null()).kill_on_drop(true);
    // What they say of themselves, and the one line a request, costs each what it costs a person.
    match fs::File::create(stderr_of(home)) {
        Ok(log) => command.stderr(log),
        Err(_) => command.stderr(Stdio::null()),
    };
    command
}
