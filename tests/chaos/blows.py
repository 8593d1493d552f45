"""What befalls the gateway and all that it rests on."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from contextlib import suppress
from typing import Any

from report import Report
from world import World

PROVIDER_FAILURES: list[dict[str, Any]] = [
    {"steps": [{"message": {"deltas": ["on", "e"], "unfinished": True}}], "end": "cut"},
    {"steps": [{"message": {"deltas": ["on", "e"], "unfinished": True}}], "end": "hang"},
    {"steps": [], "end": "hang"},
    {"steps": [{"garbage": "data: {nonsense\n\n"}], "end": "cut"},
    {"steps": [{"text": "half"}], "end": {"failed": {"code": "server_error", "message": "It broke."}}},
    {"status": 500, "body": {"error": {"message": "It broke."}}},
    {"status": 503, "body": "no JSON at all"},
    {"status": 429, "headers": {"retry-after": "1"}, "body": {"error": {"message": "Slower."}}},
    {"status": 400, "body": {"error": {"message": "Not so.", "code": "bad", "param": "input"}}},
]


class Blows:
    def __init__(self, world: World, report: Report, over: threading.Event, seed: int) -> None:
        self.world = world
        self.report = report
        self.over = over
        self.chance = random.Random(f"{seed} blows")

    def strike(self) -> None:
        blows = [
            (self.fail_provider, 12),
            (self.kill_codex, 2),
            (self.freeze_codex, 2),
            (self.restart_gateway, 1),
            (self.kill_gateway, 1),
        ]
        if self.world.disk:
            blows.append((self.fill_disk, 2))
        if self.world.session:
            blows.append((self.revoke_keyring, 1))
        # Each of them once, however short the time.
        first = self.chance.sample([blow for blow, _ in blows], len(blows))
        while not self.over.wait(self.chance.uniform(0.2, 2)):
            [(blow, _)] = self.chance.choices(blows, weights=[weight for _, weight in blows])
            blow = first.pop() if first else blow
            try:
                blow()
            except BaseException as error:
                self.report.problems.append(f"{blow.__name__}: {type(error).__name__}: {error}")
                raise
            self.report.blows[blow.__name__] += 1

    def fail_provider(self) -> None:
        for _ in range(self.chance.randrange(1, 6)):
            self.world.model.push(self.chance.choice(PROVIDER_FAILURES))

    def kill_codex(self) -> None:
        for pid in self.world.codex():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def freeze_codex(self) -> None:
        frozen = self.world.codex()
        for number in (signal.SIGSTOP, signal.SIGCONT):
            for pid in frozen:
                with suppress(ProcessLookupError):
                    os.kill(pid, number)
            time.sleep(self.chance.uniform(0.1, 2) if number == signal.SIGSTOP else 0)

    def restart_gateway(self) -> None:
        self.world.restart_gateway()

    def kill_gateway(self) -> None:
        self.world.restart_gateway(killed=True)

    def fill_disk(self) -> None:
        """For a while, in which Codex may have to be started as well."""
        self.world.disk.fill()
        time.sleep(self.chance.uniform(0.1, 2))
        if self.chance.random() < 0.3:
            self.kill_codex()
            time.sleep(self.chance.uniform(0.1, 2))
        self.world.disk.free()

    def revoke_keyring(self) -> None:
        """It is gone, locked or silent, also for a gateway that is started meanwhile."""
        session = self.world.session
        revoke = [session.end_keyring, session.start_keyring, session.stop_keyring]
        self.chance.choice(revoke)()
        self.world.restart_gateway(killed=self.chance.random() < 0.5)
        time.sleep(self.chance.uniform(0.1, 2))
        session.start_keyring("--unlock")
