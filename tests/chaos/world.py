"""What chaos has to break: the gateway with the real Codex, its provider, its disk and its keyring."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from session import Session
from stack import Gateway, ScriptedModel

from small_disk import SmallDisk

SETTINGS = {
    "turn_timeout_seconds": 30,
    "idle_timeout_seconds": 5,
    "request_timeout_seconds": 10,
    "queue_timeout_seconds": 20,
    "max_active_turns": 6,
    "response_history": "disk",
}


class World:
    def __init__(self, home: Path, seconds: float) -> None:
        self.home = home
        for name in ("model", "session"):
            (home / name).mkdir()
        self.model = ScriptedModel(home / "model")
        self.model.default({"steps": [{"echo": {"pause_ms": 2}}]})
        # Codex's log of itself grows by 15 MiB a minute.
        self.disk = SmallDisk.mounted(home / "disk", f"{96 + 40 * seconds / 60:.0f}m")
        """What the gateway and Codex write on, where there can be one."""
        self.session = Session(home / "session") if shutil.which("gnome-keyring-daemon") else None
        """Where the keyring is, which has the key of stored responses."""
        if self.session:
            self.session.start_keyring("--unlock")
        self.temporary = self.place / "tmp"
        for name in ("tmp", "data", "codex"):
            (self.written / name).mkdir(mode=0o700)
        (self.written / "codex" / "config.toml").write_text(self.model.codex_config())
        self.lives = 0
        """Odd while there is no gateway."""
        self.gateway = self.start_gateway()

    @property
    def place(self) -> Path:
        """Where the gateway and Codex write, as they see it."""
        return self.home / "disk"

    @property
    def written(self) -> Path:
        """The same, seen from here."""
        return self.disk.path if self.disk else self.place

    def start_gateway(self) -> Gateway:
        home = self.home / f"gateway-{self.lives}"
        home.mkdir()
        variables = {
            "TMPDIR": os.fspath(self.temporary),
            "XDG_DATA_HOME": os.fspath(self.place / "data"),
            "CODEX_HOME": os.fspath(self.place / "codex"),
            **(self.session.variables if self.session else {}),
        }
        launcher = self.disk.launcher if self.disk else ()
        return Gateway(self.model, home, variables=variables, launcher=launcher, **SETTINGS)

    def restart_gateway(self, killed: bool = False) -> None:
        self.lives += 1
        if killed:
            self.gateway.kill()
        else:
            self.gateway.stop()
        self.gateway = self.start_gateway()
        self.lives += 1

    def codex(self) -> list[int]:
        """The gateway's children."""
        return [pid for pid, parent, _ in processes() if parent == self.gateway.pid]

    def end(self) -> None:
        """All but the gateway."""
        self.model.stop()
        if self.session:
            self.session.end()
        if self.disk:
            self.disk.end()


def processes() -> list[tuple[int, int, str]]:
    """Process, parent and command of all that run."""
    output = subprocess.check_output(["ps", "-A", "-ww", "-o", "pid=,ppid=,stat=,args="], text=True)
    fields = (line.split(None, 3) for line in output.splitlines())
    return [(int(it[0]), int(it[1]), it[3]) for it in fields if len(it) == 4 and not it[2].startswith("Z")]


def resident(pid: int) -> int:
    """The memory of a process in MiB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 2**20
