"""A session of its own: a bus, and a real keyring on it."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

from stack import environment, gateway_binary

BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
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
"""
"""It starts nothing by itself: neither a keyring nor a window that asks for its password."""


class Session:
    """A home with a session bus, a config file, and a keyring that can be opened, locked and stopped."""

    def __init__(self, home: Path) -> None:
        self.config = home / "config" / "codex-gateway" / "config.json"
        (home / "bus.conf").write_text(BUS)
        self._env = environment(HOME=home)
        command = ["dbus-daemon", "--nofork", "--config-file", home / "bus.conf", "--print-address"]
        self._bus = subprocess.Popen(command, env=self._env, stdout=subprocess.PIPE, text=True)
        self._env["DBUS_SESSION_BUS_ADDRESS"] = self._bus.stdout.readline().strip()
        self._keyring: subprocess.Popen[bytes] | None = None

    @property
    def variables(self) -> dict[str, str]:
        """What leads another program to this session's keyring."""
        return {"DBUS_SESSION_BUS_ADDRESS": self._env["DBUS_SESSION_BUS_ADDRESS"]}

    def run(self, *arguments: Any, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [gateway_binary(), *arguments],
            env=self._env | variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def output(self, *arguments: Any, **variables: str) -> str:
        finished = self.run(*arguments, **variables)
        assert finished.returncode == 0, finished.stderr
        return finished.stdout

    def complaint(self, *arguments: Any) -> str:
        finished = self.run(*arguments)
        assert (finished.returncode, finished.stdout) == (1, "")
        return finished.stderr

    def token(self) -> str:
        return self.output("token").strip()

    def place(self) -> dict[str, Any]:
        """The finding of `doctor` about the token."""
        findings = json.loads(self.run("doctor", "--json", "--codex", "/nowhere", "--port", "0").stdout)
        [finding] = [finding for finding in findings if finding["check"] == "token"]
        return finding

    def start_keyring(self, *arguments: str) -> None:
        self.end_keyring()
        command = ["gnome-keyring-daemon", "--foreground", "--components=secrets", *arguments]
        self._keyring = subprocess.Popen(
            command,
            env=self._env,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._keyring.stdin.write(b"password")
        self._keyring.stdin.close()
        ask = ["dbus-send", "--session", "--print-reply", "--dest=org.freedesktop.DBus", "/"]
        ask += ["org.freedesktop.DBus.NameHasOwner", "string:org.freedesktop.secrets"]
        until = time.monotonic() + 20
        while b"true" not in subprocess.check_output(ask, env=self._env, timeout=20):
            assert time.monotonic() < until, "the keyring did not come up"
            time.sleep(0.02)

    def stop_keyring(self) -> None:
        """Makes it hang."""
        self._keyring.send_signal(signal.SIGSTOP)

    def end_keyring(self) -> None:
        if self._keyring:
            self._keyring.kill()
            self._keyring.wait()
            self._keyring = None

    def end(self) -> None:
        self.end_keyring()
        self._bus.kill()
        self._bus.communicate()
