"""A table of evidence: rows of ours beside another's, with the tolerance that was stated beforehand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Table:
    """What one command prints; ``holds`` says whether all is within what was stated."""

    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    holds: bool
    note: str = ""

    def text(self) -> str:
        """Return it as Markdown."""
        lines = [
            f"**{self.title}**",
            "",
            "| " + " | ".join(self.heads) + " |",
            "|" + "---|" * len(self.heads),
            *("| " + " | ".join(row) + " |" for row in self.rows),
        ]
        return "\n".join([*lines, "", self.note] if self.note else lines)
