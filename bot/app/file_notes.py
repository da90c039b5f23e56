"""Notes in a file of their own, for commands that remember something without a journal."""

from __future__ import annotations

import json
from pathlib import Path

from bot.core.errors import ConfigError, Retryable


class FileNotes:
    """Implements Notes; each note is durable when the call returns.

    Raises:
        ConfigError: the file is there and holds no notes.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._notes: dict[str, str] = {}
        try:
            found = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        except (OSError, ValueError) as error:
            raise ConfigError(f"can't be read ({error}); remove it to begin anew", source=str(file)) from error
        if not isinstance(found, dict) or not all(isinstance(text, str) for text in found.values()):
            raise ConfigError("holds no notes of a search; remove it to begin anew", source=str(file))
        self._notes.update(found)

    def note(self, key: str) -> str | None:
        """Return what was noted last."""
        return self._notes.get(key)

    def save_note(self, key: str, text: str) -> None:
        """Note a text in place of an older one.

        Raises:
            Retryable: it can't be written now.
        """
        self._notes[key] = text
        beside = self._file.with_name(f"{self._file.name}.new")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            beside.write_text(json.dumps(self._notes), encoding="utf-8")
            beside.replace(self._file)
        except OSError as error:
            raise Retryable(f"{self._file} can't be written: {error.strerror}") from error
