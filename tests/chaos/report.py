"""What chaos came to."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Report:
    """What was done, what came of it, and what is wrong."""

    answers: Counter[str] = field(default_factory=Counter)
    blows: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        times = sorted(self.seconds) or [0.0]
        at = [times[int(part * (len(times) - 1))] for part in (0.5, 0.99, 1)]
        lines = [
            f"answers      {sum(self.answers.values())}",
            *(f"  {count:6}  {name}" for name, count in self.answers.most_common()),
            f"blows        {sum(self.blows.values())}",
            *(f"  {count:6}  {name}" for name, count in self.blows.most_common()),
            "time of an answer (median, 99 of 100, longest): " + ", ".join(f"{it:.2f} s" for it in at),
            *(f"{name}: {value}" for name, value in self.figures.items()),
            f"problems     {len(self.problems)}",
            *(f"  {problem}" for problem in self.problems[:20]),
        ]
        return "\n".join(lines)
