//! A desktop session of a test's own: a display, a bus and a home.

use std::{
    env, fs,
    io::{BufRead, BufReader, Write},
    os::unix::process::CommandExt,
    path::PathBuf,
    process::{Child, ChildStdout, Command, Stdio},
};

use rustix::process::Signal;
use tempfile::TempDir;

use super::{eventually, signal};

/// What the tests call, and the Debian package of each.
const PROGRAMS: &[(&str, &str)] = &[
    ("Xvfb", "xvfb"),
    ("dbus-daemon", "dbus"),
    ("xclip", "xclip"),
    ("openbox", "openbox"),
    ("gnome-keyring-daemon", "gnome-keyring"),
    ("wmctrl", "wmctrl"),
    ("WebKitWebDriver", "webkit2gtk-driver"),
];

const TITLE: &str = "Codex Gateway";

pub(crate) struct Session {
    pub(crate) display: String,
    pub(crate) bus: String,
    pub(crate) home: TempDir,
    // Ended in this order.
    _window_manager: Daemon,
    _bus: Daemon,
    _display: Daemon,
}

impl Session {
    /// `None`, with a word about it, where it can't be had here.
    pub(crate) fn start() -> Option<Self> {
        let missing: Vec<_> =
            PROGRAMS.iter().filter(|(program, _)| !is_there(program)).map(|(_, package)| *package).collect();
        if !missing.is_empty() {
            let required = env::var("DESKTOP_TESTS").is_ok_and(|wanted| wanted == "required");
            assert!(!required, "install {}", missing.join(" "));
            eprintln!("SKIPPED, NOT TESTED: install {}", missing.join(" "));
            return None;
        }
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("run")).unwrap();
        let mut xvfb = Command::new("Xvfb");
        xvfb.args(["-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp"]);
        let (xvfb, number) = Daemon::start(&mut xvfb);
        let mut daemon = Command::new("dbus-daemon");
        daemon.args(["--session", "--nofork", "--print-address=1"]);
        let (daemon, bus) = Daemon::start(&mut daemon);
        let display = format!(":{number}");
        let mut openbox = Command::new("openbox");
        openbox.env("DISPLAY", &display).env("HOME", home.path());
        let window_manager = Daemon::quiet(&mut openbox);
        Some(Self { display, bus, home, _window_manager: window_manager, _bus: daemon, _display: xvfb })
    }

    /// A command of this session, that knows nothing of the one that the tests were started in.
    pub(crate) fn command(&self, program: impl Into<PathBuf>) -> Command {
        let home = self.home.path();
        let mut command = Command::new(program.into());
        for name in env::vars().map(|(name, _)| name) {
            if ["XDG_", "WAYLAND_", "CODEX_", "DBUS_", "OPENAI_"].iter().any(|start| name.starts_with(start))
            {
                command.env_remove(name);
            }
        }
        command
            .env("DISPLAY", &self.display)
            .env("DBUS_SESSION_BUS_ADDRESS", &self.bus)
            .env("HOME", home)
            .env("XDG_RUNTIME_DIR", home.join("run"))
            .env("NO_AT_BRIDGE", "1")
            .env("NO_PROXY", "127.0.0.1");
        command
    }

    /// What the clipboard holds.
    pub(crate) fn clipboard(&self) -> String {
        let xclip = self.command("xclip").args(["-selection", "clipboard", "-o"]).output().unwrap();
        String::from_utf8(xclip.stdout).unwrap()
    }

    /// Whether the application's window is open.
    pub(crate) fn has_window(&self) -> bool {
        let listed = self.command("wmctrl").arg("-l").output().unwrap();
        String::from_utf8_lossy(&listed.stdout).contains(TITLE)
    }

    /// As a person closes it.
    pub(crate) fn close_window(&self) {
        assert!(self.command("wmctrl").args(["-c", TITLE]).status().unwrap().success());
    }

    /// GNOME's keyring, open and empty.
    pub(crate) async fn keyring(&self) -> Daemon {
        let mut keyring = self.command("gnome-keyring-daemon");
        keyring.args(["--foreground", "--components=secrets", "--unlock"]);
        // The password of the keyring ends with the input.
        let keyring = Daemon::told(&mut keyring, b"password");
        let bus = self.connect().await;
        let names = zbus::fdo::DBusProxy::new(&bus).await.unwrap();
        eventually("the keyring is on the bus", async || {
            names.name_has_owner("org.freedesktop.secrets".try_into().unwrap()).await.unwrap()
        })
        .await;
        keyring
    }

    pub(crate) async fn connect(&self) -> zbus::Connection {
        let address = zbus::Address::try_from(self.bus.as_str()).unwrap();
        zbus::connection::Builder::address(address).unwrap().build().await.unwrap()
    }
}

fn is_there(program: &str) -> bool {
    env::split_paths(&env::var_os("PATH").unwrap_or_default()).any(|folder| folder.join(program).is_file())
}

/// A program that runs until it is dropped, with all that it started.
pub(crate) struct Daemon {
    child: Child,
}

impl Daemon {
    pub(crate) fn quiet(command: &mut Command) -> Self {
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        Self { child: child.spawn().unwrap() }
    }

    /// Starts it, and writes to its standard input.
    fn told(command: &mut Command, input: &[u8]) -> Self {
        let command =
            command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        Self { child }
    }

    /// Makes it hang.
    pub(crate) fn stop(&self) {
        signal(self.child.id(), Signal::STOP);
    }

    pub(crate) fn go_on(&self) {
        signal(self.child.id(), Signal::CONT);
    }

    /// Starts it, and reads the first line that it prints.
    fn start(command: &mut Command) -> (Self, String) {
        let command =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).process_group(0);
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::<ChildStdout>::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        (Self { child }, line.trim().to_owned())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let group = rustix::process::Pid::from_child(&self.child);
        // It may be gone already.
        let _ = rustix::process::kill_process_group(group, Signal::KILL);
        let _ = self.child.wait();
    }
}
