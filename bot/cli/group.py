"""The root of the command line: imports a command only when it runs, and turns every exception into a message."""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup

from bot.backtest import optional_imports
from bot.cli.session import Session
from bot.core.errors import ConfigError, DnbotError
from bot.core.printable import printable

if TYPE_CHECKING:
    from typer._click import Command, Context  # the types of TyperGroup's methods have no public name

FAILED = 1
WRONG_USE = 2
INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a command lives, and its line in the list of commands.

    Attributes:
        target: ``module:attribute`` of a ``typer.Typer(add_completion=False)``; one with a single command and no
            callback is that command itself.
        help: one sentence.
    """

    target: str
    help: str

    def load(self) -> Command:
        """Import the command.

        Raises:
            ConfigError: it needs a package that is not installed.
        """
        module, _, attribute = self.target.partition(":")
        try:
            found = importlib.import_module(module)
        except ModuleNotFoundError as error:
            missing = str(error.name)
            if missing.partition(".")[0] == "bot":
                raise
            raise optional_imports.missing(f"this command needs {missing}") from error
        command = typer.main.get_command(getattr(found, attribute))
        command.help = self.help
        return command


class RootGroup(TyperGroup):
    """A group that knows its commands by name and help, and imports the one that runs."""

    entries: ClassVar[Mapping[str, Entry]] = {}

    def __init__(self, **attributes: object) -> None:
        stubs = {name: TyperCommand(name, help=entry.help) for name, entry in self.entries.items()}
        super().__init__(**{**attributes, "commands": stubs})  # type: ignore[arg-type]  # typer's own, passed through

    def resolve_command(self, ctx: Context, args: list[str]) -> tuple[str | None, Command | None, list[str]]:
        """Find the command that the arguments name, and import it."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, (self.entries[name].load() if name else command), rest

    def main(self, args: Sequence[str] | None = None, *rest: object, **extra: object) -> object:
        """Run, and end with an exit code; an exception ends as a message, never as a traceback."""
        session = extra.setdefault("obj", Session())
        assert isinstance(session, Session)  # noqa: S101 - nobody else sets it; tells the type checker
        try:
            return super().main(args, *rest, **extra)  # type: ignore[arg-type]  # typer's own, passed through
        except KeyboardInterrupt:
            sys.exit(INTERRUPTED)
        except Exception as error:  # noqa: BLE001 - the outermost frame: every error becomes a message and an exit code
            sys.exit(report(error, session))


def report(error: Exception, session: Session) -> int:
    """Print the error on stderr, without secrets, and return the exit code."""
    leaves = list(_leaves(error))
    if session.debug:
        typer.echo(session.redact(_traceback(error)), err=True)
    if not all(isinstance(leaf, DnbotError) for leaf in leaves):
        text = f"unexpected {type(error).__name__}: {error}"
        _say(text if session.debug else f"{text} (traceback: {_save(error, session)})", session)
        return FAILED
    for leaf in leaves:
        if isinstance(leaf, ConfigError) and leaf.key is not None and leaf.source is None:
            leaf.source = session.source_of(leaf.key)  # the code that raised it knows the key only
        for line in str(leaf).splitlines() or [type(leaf).__name__]:
            _say(line, session)
    return WRONG_USE if any(isinstance(leaf, ConfigError) for leaf in leaves) else FAILED


def _leaves(error: Exception) -> Iterator[Exception]:
    if isinstance(error, ExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error


def _say(text: str, session: Session) -> None:
    line = printable(" ".join(session.redact(text).split()))
    typer.echo(f"{typer.style('error:', fg=typer.colors.RED, bold=True)} {line}", err=True)


def _traceback(error: Exception) -> str:
    return "".join(traceback.format_exception(error))


def _save(error: Exception, session: Session) -> str:
    """Write the traceback to a file, where it can be, and return its name."""
    text = session.redact(_traceback(error))
    for folder in (session.crash_dir, Path(tempfile.gettempdir())):
        try:
            if folder is not None:
                folder.mkdir(parents=True, exist_ok=True)
                handle, name = tempfile.mkstemp(prefix="crash-", suffix=".log", dir=folder)
                with os.fdopen(handle, "w", encoding="utf-8") as file:
                    file.write(text)
                return name
        except OSError:
            continue
    return "could not be written anywhere; run again with --debug"
