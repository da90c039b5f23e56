"""Questions on a terminal; a flag may answer each, so that the same command runs without a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from rich.console import Console
from rich.prompt import Confirm, Prompt

from bot.cli.console import text
from bot.core.errors import ConfigError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Ask:
    """Prompts where ``on_terminal``; elsewhere a question without a flag takes its default, or is an error."""

    console: Console
    on_terminal: bool

    @classmethod
    def here(cls, console: Console, *, yes: bool) -> Ask:
        """Prompt on a terminal; not at all where every default was accepted."""
        return cls(console, sys.stdin.isatty() and sys.stdout.isatty() and not yes)

    def one(
        self,
        flag: str,
        given: str | None,
        question: str,
        parse: Callable[[str], T],
        default: str | None = None,
        choices: Sequence[str] | None = None,
    ) -> T:
        """Return an answer; on a terminal a wrong one is asked for again.

        Raises:
            ConfigError: a flag's value is wrong, or there is no answer; the message names the flag.
        """
        if given is not None:
            return self.parsed(flag, given, parse)
        if not self.on_terminal:
            if default is None:
                raise ConfigError(f"{flag} is missing: {question.lower()}")
            return self.parsed(flag, default, parse)
        while True:
            said = Prompt.ask(
                text(question), console=self.console, default=default, choices=None if choices is None else [*choices]
            )
            try:
                return parse(said or "")
            except (ValueError, ConfigError) as error:
                self.console.print(text((f"  {error}", "red")))

    def secret(self, flag: str, question: str) -> str:
        """Return what is not shown while it is written.

        Raises:
            ConfigError: there is no terminal.
        """
        if not self.on_terminal:
            raise ConfigError(f"{flag} is missing: {question.lower()}")
        while True:
            if said := Prompt.ask(text(question), console=self.console, password=True).strip():
                return said

    def agrees(self, question: str) -> bool:
        """Ask for a confirmation; without a terminal it counts as given."""
        return not self.on_terminal or Confirm.ask(text(question), console=self.console, default=True)

    @staticmethod
    def parsed(flag: str, value: str, parse: Callable[[str], T]) -> T:
        """Read a flag's value.

        Raises:
            ConfigError: it is wrong; the message names the flag.
        """
        try:
            return parse(value)
        except ValueError as error:
            raise ConfigError(f"{flag} {value}: {error}") from None
