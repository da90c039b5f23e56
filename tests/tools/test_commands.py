"""Every command that a page shows is one that the command line takes: its own parser reads its words."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from bot.cli.main import app
from bot.cli.session import Session
from tests.tools.site import ROOT, pages

SHOWN = re.compile(r"```(?:sh|console|bash|)\n(.*?)```|((?:^ {4}\S.*\n)+)", re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"`((?:\.venv/bin/)?dnbot [^`\n]+)`")
BEFORE = re.compile(r"^(?:\$ |sudo |[A-Z_]+=\S+ |\.venv/bin/|docker compose (?:exec|run) .*?(?=dnbot ))*dnbot\s+")
MADE_UP = ("acme", "made_up")
"""The venue and the protocol of the guides."""
STUB = re.compile(r"[…|>;&\[\]]")
"""Where the words that a shell hands over end, or a page leaves something out."""


def commands(page: Path) -> Iterator[tuple[str, bool]]:
    """Return what follows ``dnbot`` in a page's commands, and whether it is whole: in prose it may lack arguments."""
    text = page.read_text(encoding="utf-8")
    for match in SHOWN.finditer(text):
        block = (match.group(1) or match.group(2)).replace("\\\n", " ")
        for line in block.splitlines():
            if BEFORE.match(line.strip()):
                yield BEFORE.sub("", line.strip()), True
    for match in NAMED.finditer(text):
        yield BEFORE.sub("", match.group(1)), False


def fault(words: str, *, whole: bool) -> str | None:
    """Let the command line parse a command without running it; None where it is content."""
    cut = STUB.split(words.replace("0x…", "0x" + "1" * 40).replace("https://…", "https://node.example"), maxsplit=1)[0]
    whole = whole and not STUB.search(words.split("#", maxsplit=1)[0].replace("0x…", "").replace("https://…", ""))
    command, args = typer.main.get_command(app), shlex.split(cut, comments=True)
    context = None
    try:
        while True:
            context = command.make_context(command.name or "dnbot", args, parent=context, obj=Session())
            rest = [*context._protected_args, *context.args]  # noqa: SLF001 - where click keeps a group's words
            if not hasattr(command, "resolve_command") or not rest:
                return None
            _, found, args = command.resolve_command(context, rest)
            command = found
    except typer.Exit:
        return None  # --help, --version
    except Exception as error:  # noqa: BLE001 - typer hides its parser's classes
        kind = type(error).__name__
        if kind in {"Exit", "NoArgsIsHelpError"} or (not whole and kind in {"MissingParameter", "BadOptionUsage"}):
            return None
        if kind == "BadParameter" and any(name in words for name in MADE_UP):
            return None
        return f"{kind}: {error}"


@pytest.mark.parametrize("page", pages(), ids=lambda page: f"{page.parent.name}-{page.stem}")
def test_every_command_of_a_page_parses(page: Path) -> None:
    found = {words: fault(words, whole=whole) for words, whole in commands(page)}
    assert {words: said for words, said in found.items() if said} == {}


def test_wrong_ones_are_seen() -> None:
    wrong = ("plan --shok ETH=1%", "nothing", "config nothing", "status --json extra", "run --live=maybe")
    assert all(fault(words, whole=True) for words in wrong)
    assert fault("backtest", whole=True)
    assert not fault("backtest", whole=False)


def test_the_readme_and_the_tutorial_show_commands() -> None:
    assert len(list(commands(ROOT / "README.md"))) > 12
    assert len(list(commands(ROOT / "docs" / "quick-start.md"))) > 6
