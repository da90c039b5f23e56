"""The command line as a whole: exit codes, messages instead of tracebacks, a quick start."""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import ClassVar

import pytest
import typer
from typer.testing import CliRunner

from bot.app.redact import Redactor
from bot.cli.group import Entry, RootGroup, report
from bot.cli.main import COMMANDS
from bot.cli.session import Session
from bot.core.errors import ConfigError, Halt, Retryable
from tests.cli.scenes import dnbot

SECRET = "SECRETKEY-12345"  # noqa: S105 - a made-up one


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bot", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)  # noqa: S603 - our own


def test_the_version_is_the_packages() -> None:
    ran = dnbot("--version")
    assert (ran.code, ran.out) == (0, f"dnbot {metadata.version('dnbot')}\n")


def test_help_names_every_command() -> None:
    ran = dnbot("--help")
    assert ran.code == 0
    for name, entry in COMMANDS.items():
        assert name in ran.out
        assert entry.help in ran.out


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_can_be_imported_and_helps(name: str) -> None:
    assert dnbot(name, "--help").code == 0


@pytest.mark.parametrize(
    "arguments", [("confg",), ("config", "show", "--nope"), ("config", "show", "--log-level", "x")]
)
def test_wrong_usage_is_exit_code_2(arguments: tuple[str, ...]) -> None:
    ran = dnbot(*arguments)
    assert ran.code == 2
    assert "Usage: " in ran.err


def test_a_mistyped_command_names_the_nearest() -> None:
    assert "Did you mean 'config'?" in dnbot("confg").err


def test_help_imports_nothing_heavy() -> None:
    probe = (
        "import sys; from bot.cli.main import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'pydantic', 'web3', 'sqlalchemy', 'structlog', 'matplotlib', 'aiohttp', 'eth_utils'}\n"
        "print('heavy:', sorted(heavy & set(sys.modules)))"
    )
    command = [sys.executable, "-c", probe, "--help"]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)  # noqa: S603 - our own
    assert ran.stdout.endswith("heavy: []\n")


def test_the_process_ends_with_the_exit_code() -> None:
    assert run("--version").returncode == 0
    missing = run("config", "show", "-c", "/no/such.toml")
    assert missing.returncode == 2
    assert missing.stderr.startswith("error: /no/such.toml: there is no such file")
    assert missing.stdout == ""
    assert run("confg").returncode == 2


def raising(error: BaseException, folder: Path) -> typer.Typer:
    """Return an application whose one command raises."""

    class Group(RootGroup):
        entries: ClassVar = {}

    application = typer.Typer(cls=Group)

    @application.callback(invoke_without_command=True)
    def root(ctx: typer.Context) -> None:
        session = ctx.ensure_object(Session)
        session.crash_dir = folder
        session.redact = Redactor([SECRET])
        raise error

    return application


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (ConfigError("is wrong", source="a.toml", key="b.c"), 2, "error: a.toml: b.c: is wrong\n"),
        (Halt(f"stopped at {SECRET}"), 1, "error: stopped at [redacted]\n"),
        (Retryable(), 1, "error: Retryable\n"),
        (ExceptionGroup("tasks", [Retryable("a"), ExceptionGroup("x", [Halt("b")])]), 1, "error: a\nerror: b\n"),
        (ExceptionGroup("tasks", [Halt("a"), ConfigError("b")]), 2, "error: a\nerror: b\n"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_what_is_raised_decides_the_exit_code(tmp_path: Path, error: BaseException, code: int, says: str) -> None:
    ran = CliRunner().invoke(raising(error, tmp_path), [])
    assert (ran.exit_code, ran.stderr, ran.stdout) == (code, says, "")
    assert list(tmp_path.iterdir()) == []


def test_an_unexpected_error_is_one_line_and_a_file(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    ran = CliRunner().invoke(raising(ZeroDivisionError(f"with {SECRET}\nhere"), folder), [])
    (crash,) = folder.iterdir()
    assert ran.exit_code == 1
    assert ran.stderr == f"error: unexpected ZeroDivisionError: with [redacted] here (traceback: {crash})\n"
    assert "Traceback (most recent call last)" in crash.read_text()
    assert SECRET not in crash.read_text()


def test_a_traceback_that_can_not_be_kept_there_is_kept_elsewhere(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    ran = CliRunner().invoke(raising(ZeroDivisionError("x"), blocked / "var"), [])
    kept = Path(ran.stderr.rpartition("(traceback: ")[2].rstrip(")\n"))
    assert "ZeroDivisionError" in kept.read_text()
    kept.unlink()


def test_debugging_shows_the_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    assert report(ZeroDivisionError(SECRET), Session(debug=True, redact=Redactor([SECRET]))) == 1
    shown = capsys.readouterr().err
    assert "ZeroDivisionError: [redacted]" in shown
    assert SECRET not in shown


def test_debug_is_an_option_of_the_root(tmp_path: Path) -> None:
    ran = dnbot("--debug", "config", "show", "-c", tmp_path / "none")
    assert ran.code == 2
    assert "Traceback (most recent call last)" in ran.err


@pytest.mark.parametrize(
    ("line", "found"),
    [("dnbot stat", ["status"]), ("dnbot status --f", ["--full", "--follow"]), ("dnbot data p", ["pool", "perp"])],
)
def test_the_shell_completes(line: str, found: list[str]) -> None:
    words = str(line.count(" "))
    ran = dnbot(_DNBOT_COMPLETE="complete_bash", COMP_WORDS=line, COMP_CWORD=words)
    assert (ran.code, ran.out.split()) == (0, found)


def test_a_command_is_imported_only_when_it_runs() -> None:
    class Group(RootGroup):
        entries: ClassVar = {"broken": Entry("no.such.module:app", "Is never imported.")}

    application = typer.Typer(cls=Group)
    application.callback()(lambda: None)
    ran = CliRunner().invoke(application, ["--help"])
    assert ran.exit_code == 0
    assert "Is never imported." in ran.stdout
