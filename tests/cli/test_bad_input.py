"""Bad input, through the whole command: a line with file, key and remedy, exit code 2, in a pipe and on a terminal."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest

from tests.app.settings.bad_input import BAD
from tests.app.settings.scenes import RIGHT
from tests.cli.scenes import dnbot
from tests.forks import ROOT

USED: Final = [
    (("plan", "-c", "no-such.toml"), "no-such.toml", "there is no such file"),
    (("plan",), "no configuration", "-c"),
    (("paln",), "paln", "plan"),
    (("plan", "--shock"), "--shock", "requires an argument"),
    (("status", "--form", "x"), "--form", "No such option"),
    (("config", "nothing"), "nothing", "No such command"),
    (("history", "-c", "right.toml", "--from", "yesterday"), "--from", "%Y-%m-%d"),
    (("history", "-c", "right.toml", "--what", "taxes"), "--what", "days"),
    (("demo", "--market", "moon"), "--market", "swings, trend"),
    (("demo", "--protocol", "v9"), "--protocol", "uniswap_v3"),
    (("demo", "--venue", "acme"), "--venue", "binance"),
    (("backtest", "-c", "right.toml"), "--data", "Missing option"),
    (("venue", "serve", "--speak", "acme"), "--speak", "binance"),
    (("freeze", "x" * 201, "-c", "right.toml"), "reason", "200"),
]
"""Words of a command line, what of them is named, and what would be right."""
_EACH: Final = """
import json, sys
from bot.cli.main import app
for words in json.loads(sys.argv[1]):
    try:
        app(words)
    except SystemExit as ended:
        print(f"\\n<<{ended.code}>>")
"""


def on_a_terminal(commands: Sequence[Sequence[str]], folder: Path) -> list[tuple[str, int]]:
    """Run commands one after the other on a terminal of 80 columns; what each showed, and its exit code."""
    leader, follower = pty.openpty()
    environ = {**os.environ, "COLUMNS": "80", "TERM": "xterm", "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and words
        [sys.executable, "-c", _EACH, json.dumps(commands)],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        cwd=folder,
        env=environ,
    )
    os.close(follower)
    shown = b""
    while True:
        try:
            part = os.read(leader, 65536)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        shown += part
    os.close(leader)
    assert process.wait() == 0, shown.decode()
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode()).replace("\r", "")
    parts = re.split(r"\n<<(\d+)>>\n", plain)
    return [(text.strip("\n"), int(code)) for text, code in zip(parts[::2], parts[1::2], strict=False)]


def files(folder: Path) -> list[Path]:
    (folder / "right.toml").write_text(RIGHT, encoding="utf-8")
    made = [folder / f"bad{number}.toml" for number in range(len(BAD))]
    for file, (extra, _, _) in zip(made, BAD, strict=True):
        file.write_text(extra, encoding="utf-8")
    return made


def test_there_are_forty_and_more() -> None:
    assert len(BAD) >= 40


@pytest.mark.parametrize("number", range(len(BAD)), ids=lambda number: BAD[number][1])
def test_a_bad_file_is_one_line_in_a_pipe(tmp_path: Path, number: int) -> None:
    file, (_, key, says) = files(tmp_path)[number], BAD[number]
    ran = dnbot("plan", "-c", tmp_path / "right.toml", "-c", file)
    assert (ran.code, ran.out) == (2, "")
    (line,) = ran.err.splitlines()
    assert line.startswith("error: ")
    assert str(file) in line
    assert f"{key}: " in line
    assert says in line


@pytest.mark.parametrize(
    ("words", "named", "says"), USED, ids=lambda item: " ".join(item)[:40] if isinstance(item, tuple) else ""
)
def test_wrong_use_names_what_and_what_would_be_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], named: str, says: str
) -> None:
    files(tmp_path)
    monkeypatch.chdir(tmp_path)
    ran = dnbot(*words)
    assert ran.code == 2, ran.err
    assert "Traceback" not in ran.err
    assert named in ran.err
    assert says in ran.err


def test_on_a_terminal_it_is_the_same(tmp_path: Path) -> None:
    made = files(tmp_path)
    commands = [["plan", "-c", "right.toml", "-c", file.name] for file in made] + [list(words) for words, _, _ in USED]
    shown = on_a_terminal(commands, tmp_path)
    assert [code for _, code in shown] == [2] * len(commands)
    for (text, _), (named, says) in zip(shown, [row[1:] for row in (*BAD, *USED)], strict=True):
        words = re.sub(r"[\s│╭╮╰╯─]+", "", text)  # wrong use is told in a box, and long lines fold
        assert "Traceback" not in text
        for expected in (named, says):
            assert re.sub(r"\s+", "", expected) in words, text
