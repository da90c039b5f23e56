"""Running the command line in the test's own process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from typer.testing import CliRunner

from bot.cli.main import app


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended. ``err`` has its line breaks folded, since usage errors are wrapped into a box."""

    code: int
    out: str
    err: str


def dnbot(*arguments: object, **environ: str) -> Ran:
    """Run a command with exactly these ``DNBOT_`` variables."""
    environment: Mapping[str, str] = {"NO_COLOR": "1", "COLUMNS": "300", **environ}
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], env=dict(environment))
    return Ran(result.exit_code, result.stdout, result.stderr)
