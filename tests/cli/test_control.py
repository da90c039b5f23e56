"""``pause``, ``freeze``, ``flatten``, ``resume`` and ``status`` against a daemon that waits for its chain."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from bot.control.messages import SOCKET
from tests.app.settings.scenes import RIGHT, written
from tests.cli.scenes import dnbot
from tests.forks import running

DEADLINE = 30


def config(folder: Path) -> Path:
    nobody = RIGHT.replace("http://127.0.0.1:8545", "http://127.0.0.1:9")
    return written(folder, f'[bot]\nstate_dir = "{folder}/state"\n[http]\nport = 0\n{nobody}')


@contextmanager
def daemon(file: Path, ends: int = 0) -> Iterator[ForkServerProcess]:
    """Run a daemon until it takes commands; its chain never answers, which it says again and again."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("DNBOT_")}
    with running("stderr", "bot", "run", "-c", str(file), env=clean) as (log, process):
        assert any((file.parent / "state" / SOCKET).exists() for _ in log), "it ended"
        yield process
        process.terminate()
        process.join(DEADLINE)
        assert process.exitcode == ends


def test_commands_steer_a_running_daemon_and_survive_its_restart(tmp_path: Path) -> None:
    file = config(tmp_path)
    with daemon(file):
        frozen = dnbot("freeze", "odd prices", "-c", file, "--json")
        assert frozen.code == 0, frozen.err
        assert json.loads(frozen.out)["state"] == "frozen"
        refused = dnbot("pause", "-c", file)
        assert refused.code == 1
        assert "refused: pause changes nothing: frozen" in refused.out
    with daemon(file):
        status = dnbot("status", "-c", file, "--json")
        assert status.code == 0, status.err
        assert json.loads(status.out)["now"]["state"] == "frozen"
        assert "odd prices" in json.loads(status.out)["now"]["reason"]
        assert "now: frozen" in dnbot("status", "-c", file).out
        resumed = dnbot("resume", "looked at it", "-c", file)
        assert "frozen -> running" in resumed.out
        flattened = dnbot("flatten", "--yes", "-c", file)
        assert "running -> flattening" in flattened.out
    gone = dnbot("resume", "-c", file)
    assert gone.code == 1
    assert "no daemon runs here" in gone.err
    after = dnbot("status", "-c", file, "--json")
    assert (after.code, json.loads(after.out)["now"]) == (0, None)


def test_flatten_asks_first(tmp_path: Path) -> None:
    asked = dnbot("flatten", "-c", config(tmp_path))
    assert asked.code == 2
    assert "give --yes" in asked.err


def test_a_reason_that_can_not_be_kept_is_refused(tmp_path: Path) -> None:
    long = dnbot("freeze", "a" * 300, "-c", config(tmp_path))
    assert long.code == 2
    assert "at most 200 printable characters" in long.err


def test_steering_needs_neither_the_venue_s_keys_nor_live() -> None:
    live = Path(__file__).parents[2] / "config" / "binance-live.toml"
    for command in (("freeze", "why"), ("status",), ("verify",)):
        ran = dnbot(*command, "-c", live)
        assert ran.code in {1, 2}
        assert "credentials" not in ran.err
        assert "--live" not in ran.err
    assert "no daemon runs here" in dnbot("freeze", "why", "-c", live).err
