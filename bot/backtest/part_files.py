"""Long downloads in parts that survive an interruption.

Beside the file that is asked for stands a folder with one Parquet file a part, and a list of the parts that are whole.
A later run goes on after the last one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from bot.backtest.store import read_table, write_table
from bot.core.errors import ConfigError

_LIST: Final = "parts.json"
Columns = Mapping[str, Sequence[Any]]
Progress = Callable[[int, int], None]
"""Called with how much is done, and of how much."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part's first and last block or second, both included; ``mark`` tells whether its source is the same."""

    first: int
    last: int
    mark: str = ""


@dataclass(slots=True)
class Parts:
    """The folder of the parts; ``about`` says what they are of, and where they ``first`` begin."""

    folder: Path
    about: dict[str, object]
    known: list[Part]

    @classmethod
    def open(cls, out: Path, first: int, **about: object) -> Parts:
        """Open the folder beside a file, or begin it.

        Raises:
            ConfigError: it can't be used, or holds something else.
        """
        folder, wanted = out.with_name(f"{out.name}.parts"), {**about, "first": first}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            text = (folder / _LIST).read_text(encoding="utf-8") if (folder / _LIST).exists() else None
        except OSError as error:
            raise ConfigError(f"can't be used: {error.strerror}", source=str(folder)) from error
        if text is None:
            return cls(folder, wanted, [])
        try:
            found = json.loads(text)
            known = [Part(**part) for part in found.pop("parts")]
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ConfigError("is no list of parts; remove its folder", source=str(folder / _LIST)) from error
        if found != wanted:
            message = f"holds another download ({found}); remove it or choose another --out"
            raise ConfigError(message, source=str(folder))
        return cls(folder, wanted, known)

    @property
    def next(self) -> int:
        """Where the first part that is missing begins."""
        return self.known[-1].last + 1 if self.known else int(str(self.about["first"]))

    def add(self, part: Part, columns: Columns) -> None:
        """Keep a part, whole or not at all."""
        write_table(self._file(part), columns)
        parts = [asdict(one) for one in (*self.known, part)]
        fresh = self.folder / f".{_LIST}.new"
        fresh.write_text(json.dumps({**self.about, "parts": parts}, indent=1), encoding="utf-8")
        fresh.replace(self.folder / _LIST)
        self.known.append(part)

    def rows(self) -> Iterator[dict[str, Any]]:
        """Return all rows in order.

        Raises:
            DataError: a part is gone or damaged.
        """
        for part in self.known:
            table = read_table(self._file(part))
            for values in zip(*table.values(), strict=True):
                yield dict(zip(table, values, strict=True))

    def _file(self, part: Part) -> Path:
        return self.folder / f"{part.first}-{part.last}.parquet"
