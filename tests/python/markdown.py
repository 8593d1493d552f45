"""The blocks and tables of the documents."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Block:
    """A fenced block: `language` and `kind` are the words after the fence, as in "```python others"."""

    document: str
    section: str
    language: str
    kind: str
    text: str

    def __str__(self) -> str:
        return f"{self.document}-{self.section}-{self.language}"


def blocks(document: Path) -> list[Block]:
    """All fenced blocks of a document, in order, with the heading that each stands under."""
    found: list[Block] = []
    section = ""
    fence: list[str] | None = None
    for line in document.read_text().splitlines():
        if fence is not None:
            if line == "```":
                language, _, kind = fence[0].partition(" ")
                found.append(Block(document.name, section, language, kind, "\n".join(fence[1:]) + "\n"))
                fence = None
            else:
                fence.append(line)
        elif line.startswith("```"):
            fence = [line.removeprefix("```")]
        elif line.startswith("#"):
            section = line.lstrip("# ")
        else:
            # A block within a list or a quotation would not be seen here, and would never be tried.
            assert "```" not in line, f"{document.name}: {line}"
    assert fence is None, f"{document.name}: a block without an end"
    return found


def quoted_in_table(document: Path, section: str) -> list[str]:
    """The pieces of code in the first column of the table below a heading."""
    text = re.split(r"^## ", document.read_text(), flags=re.M)
    [part] = [part for part in text if part.startswith(f"{section}\n")]
    cells = [row.split(" | ")[0].removeprefix("| ") for row in part.splitlines() if row.startswith("| ")][1:]
    assert cells
    pieces = [re.findall(r"``\s?(.+?)\s?``|`([^`]+)`", re.sub(r" \(\d{3}.*\)$", "", cell)) for cell in cells]
    assert all(pieces), "a row without a message"
    return ["".join(piece) for row in pieces for piece in row]
