"""Chaos: many callers, good and bad, while all that the gateway rests on fails again and again: Codex is
killed and frozen, the provider fails, the disk is full, the keyring is gone, and the gateway is killed.

    python tests/chaos/chaos.py [--minutes 10] [--callers 8] [--seed 1]

It runs the real Codex on the scripted model. Afterwards no request is without an answer, no stream is
malformed, responses are stored as ever, and nothing is left behind: no process, thread, socket, file or
memory. It ends with the figures, and with status 1 where something is wrong.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

import openai

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "python"))

from stack import MODEL

from blows import Blows
from callers import PATIENCE, Callers
from report import Report
from world import World, processes, resident


def run(seconds: float, callers: int = 8, seed: int = 1) -> Report:
    with tempfile.TemporaryDirectory(prefix="chaos-") as home:
        return Chaos(World(Path(home), seconds)).run(seconds, callers, seed)


class Chaos:
    def __init__(self, world: World) -> None:
        self.world = world
        self.report = Report()

    def run(self, seconds: float, count: int, seed: int) -> Report:
        before = self.settled()
        over = threading.Event()
        callers = Callers(self.world, self.report, over, seed)
        blows = Blows(self.world, self.report, over, seed)
        threads = [threading.Thread(target=callers.call, args=(number,)) for number in range(count)]
        threads.append(threading.Thread(target=blows.strike))
        for thread in threads:
            thread.start()
        time.sleep(seconds)
        over.set()
        for thread in threads:
            thread.join(PATIENCE + 30)
            if thread.is_alive():
                self.report.problems.append("a caller still waits for an answer")
        self.conclude(before)
        return self.report

    def settled(self) -> dict[str, int]:
        """What the gateway and Codex hold once nothing is asked of them, after some requests."""
        self.world.model.reset()
        with self.world.gateway.client(max_retries=10) as client:
            for _ in range(30):
                client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "hi"}])
        # Codex unloads threads after a second.
        time.sleep(4)
        pid = self.world.gateway.pid
        process = Path(f"/proc/{pid}")
        [codex] = self.world.codex()
        return {
            "threads": len(list((process / "task").iterdir())),
            "descriptors": len(list((process / "fd").iterdir())),
            "memory of the gateway in MiB": resident(pid),
            "memory of Codex in MiB": resident(codex),
        }

    def conclude(self, before: dict[str, int]) -> None:
        try:
            after = self.settled()
            if self.world.session:
                self.check_history()
        except Exception as error:
            self.report.problems.append(f"afterwards: {type(error).__name__}: {error}")
            after = before
        for name, value in before.items():
            self.report.figures[name] = f"{value} before, {after[name]} after"
            # Pools breathe, and the tokenizer takes 50 MiB; what leaks grows with every request.
            room = 100 if "memory" in name else 12
            if after[name] > value + room:
                self.report.problems.append(f"{name}: {value} before, {after[name]} after")
        since = time.monotonic()
        self.world.gateway.stop()
        self.report.figures["time to stop"] = f"{time.monotonic() - since:.2f} s"
        time.sleep(1)
        # Those of gateways that were killed have been removed by the next ones.
        files = sorted(path.name for path in (self.world.written / "tmp").iterdir())
        self.report.figures["temporary files left"] = len(files)
        self.report.problems += [f"left: {name}" for name in files]
        mine = [command for _, _, command in processes() if str(self.world.temporary) in command]
        self.report.figures["processes left"] = len(mine)
        self.report.problems += [f"left: {command}" for command in mine]
        self.report.figures["disk that was filled"] = (
            "a small one" if self.world.disk else "none can be had here"
        )
        self.report.figures["keyring that was revoked"] = "a real one" if self.world.session else "none here"
        self.world.end()

    def check_history(self) -> None:
        """Once there is room on the disk again, responses are stored, by the gateway that saw it full."""
        self.world.restart_gateway()
        with self.world.gateway.client(max_retries=10) as client:

            def store(text: str, previous: str | None = None) -> str:
                response = client.responses.create(model=MODEL, input=text, previous_response_id=previous)
                return response.id

            store("Before.")
            if self.world.disk:
                self.world.disk.fill()
                # Codex writes on the same disk, and may fail.
                with suppress(openai.APIError):
                    store("A long story. " * 10_000)
                self.world.disk.free()
            first = store("My name is Ada.")
        self.world.restart_gateway()
        with self.world.gateway.client(max_retries=10) as client:
            store("Who am I?", previous=first)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition(": ")[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--callers", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    report = run(options.minutes * 60, options.callers, options.seed)
    print(report)
    sys.exit(bool(report.problems))


if __name__ == "__main__":
    main()
