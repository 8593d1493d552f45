//! A desktop session without a desktop: a home, a bus, and GNOME's keyring.
//!
//! A keyring is found by the environment of the process, so that each session needs a process: the test program runs
//! itself in it, for one test.

use std::{
    env,
    ffi::OsStr,
    fs,
    io::Write,
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// A bus that starts nothing by itself: neither a keyring nor a window that asks for its password.
const BUS: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:tmpdir=/tmp</listen>
  <policy context="default">
    <allow send_destination="*"/>
    <allow receive_sender="*"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#;

const HOME: &str = "TOKEN_STORE_TEST_HOME";

/// Runs one of the ignored tests in a session of its own, and asserts that it passes.
pub(crate) fn in_session(test: &str) {
    let home = tempfile::tempdir().unwrap();
    let bus = home.path().join("bus.conf");
    fs::write(&bus, BUS).unwrap();
    let mut session = Command::new("timeout");
    session.args(["60", "dbus-run-session", "--config-file"]).arg(bus);
    session.arg("--").arg(env::current_exe().unwrap());
    run(session, test, home.path().as_os_str());
}

/// Runs one of the ignored tests where there is no bus, as over SSH, and asserts that it passes.
pub(crate) fn without_session(test: &str) {
    let home = tempfile::tempdir().unwrap();
    run(Command::new(env::current_exe().unwrap()), test, home.path().as_os_str());
}

fn run(mut command: Command, test: &str, home: &OsStr) {
    let output = command
        .args(["--exact", test, "--ignored", "--nocapture"])
        .env_clear()
        .env("PATH", env::var_os("PATH").unwrap_or_default())
        // Where a build that counts its lines writes them.
        .envs(env::var_os("LLVM_PROFILE_FILE").map(|file| ("LLVM_PROFILE_FILE", file)))
        .envs([("HOME", home), ("XDG_RUNTIME_DIR", home), (HOME, home)])
        .output()
        .unwrap_or_else(|error| panic!("dbus-run-session (Debian's package dbus-daemon): {error}"));
    let said =
        [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

/// The home of the session that this process runs in. Without one, a test would reach the keyring of whoever runs it.
pub(crate) fn home() -> PathBuf {
    env::var_os(HOME).unwrap_or_else(|| panic!("run the test of the same name, which is not ignored")).into()
}

/// `gnome-keyring-daemon`, killed with its owner.
pub(crate) struct Daemon(Child);

impl Daemon {
    /// With its keyring open; the first one of a session makes the keyring.
    pub(crate) fn unlocked() -> Self {
        Self::start(&["--unlock"])
    }

    pub(crate) fn locked() -> Self {
        Self::start(&[])
    }

    fn start(arguments: &[&str]) -> Self {
        let mut daemon = Command::new("gnome-keyring-daemon")
            .args(["--foreground", "--components=secrets"])
            .args(arguments)
            .env("HOME", home())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("gnome-keyring-daemon (Debian's package gnome-keyring): {error}"));
        // The password of the keyring ends with the input.
        daemon.stdin.take().unwrap().write_all(b"password").unwrap();
        let daemon = Self(daemon);
        let started = Instant::now();
        while !is_on_the_bus() {
            assert!(started.elapsed() < Duration::from_secs(20), "the keyring did not come up");
            thread::sleep(Duration::from_millis(20));
        }
        daemon
    }

    /// Makes it hang.
    pub(crate) fn stop(&self) {
        self.signal("-STOP");
    }

    pub(crate) fn go_on(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.0.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn is_on_the_bus() -> bool {
    let bus = zbus::blocking::Connection::session().unwrap();
    let bus = zbus::blocking::fdo::DBusProxy::new(&bus).unwrap();
    bus.name_has_owner("org.freedesktop.secrets".try_into().unwrap()).unwrap()
}
