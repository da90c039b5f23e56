"""State of one run of the command line, from its start to its error message."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from bot.app.redact import Redactor


@dataclass(slots=True)
class Session:
    """State of one run.

    Attributes:
        debug: whether tracebacks are shown.
        crash_dir: where the traceback of an unexpected error goes; the system's temporary directory if None.
        redact: keeps the configuration's secrets out of messages; knows them once the settings are loaded.
        source_of: where a dotted key was written; knows it once the settings are loaded.
    """

    debug: bool = False
    crash_dir: Path | None = None
    redact: Redactor = field(default_factory=Redactor)
    source_of: Callable[[str], str | None] = lambda _: None
