"""A disk that can be filled: a small one in memory, which only the programs started on it see."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

MOUNT = 'mount -t tmpfs -o "size=$1,mode=700" small "$2" && echo mounted && exec cat'


class SmallDisk:
    """It takes a user namespace, which Linux gives to most people and other systems to nobody."""

    def __init__(self, place: Path, size: str) -> None:
        place.mkdir()
        self._place = place
        # A process that lives as long as its input is open keeps it.
        command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", MOUNT, "sh", size, place]
        self._holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if self._holder.stdout.readline() != b"mounted\n":
            self._holder.communicate()
            raise OSError("no disk can be mounted here")

    @staticmethod
    def mounted(place: Path, size: str) -> SmallDisk | None:
        """`None` where there can be none."""
        with suppress(OSError):
            return SmallDisk(place, size)
        return None

    @property
    def launcher(self) -> Sequence[str]:
        """Before a command: has it see the disk at its place, as the same user as ever."""
        enter = ["nsenter", "--target", str(self._holder.pid), "--user", "--mount", "--preserve-credentials"]
        return [*enter, "unshare", "--user", f"--map-user={os.getuid()}", f"--map-group={os.getgid()}", "--"]

    @property
    def path(self) -> Path:
        """Where it is seen from outside."""
        return Path(f"/proc/{self._holder.pid}/root{self._place}")

    def fill(self) -> None:
        with self.path.joinpath("filling").open("ab", buffering=0) as filling:
            for size in (2**20, 2**12):
                with suppress(OSError):
                    while filling.write(bytes(size)) == size:
                        pass

    def free(self) -> None:
        self.path.joinpath("filling").unlink(missing_ok=True)

    def end(self) -> None:
        self._holder.communicate()
