"""A test that hangs fails, with every task's stack; and one that hangs while it is tidied up ends the run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]

HANGS = """
import asyncio

async def inner():
    await asyncio.Event().wait()

async def test_it():
    await asyncio.create_task(inner(), name="a-name")

def test_next():
    pass
"""
HANGS_AGAIN = """
import asyncio
from tests import stacks

stacks.TIDYING = 0.1

async def test_it():
    async def deaf():
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                continue
    await asyncio.create_task(deaf())
"""


def pytest_on(folder: Path, text: str) -> subprocess.CompletedProcess[str]:
    file = folder / "test_hanging.py"
    file.write_text(text)
    command = ["-m", "pytest", "-q", "-p", "tests.stacks", "-p", "no:cacheprovider", "--timeout=1"]
    options = ["-c", str(ROOT / "pyproject.toml"), "--rootdir", str(folder)]
    return subprocess.run(  # noqa: S603 - a fixed command
        [sys.executable, *command, *options, str(file)], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_a_test_that_hangs_shows_where_its_tasks_wait(tmp_path: Path) -> None:
    ended = pytest_on(tmp_path, HANGS)
    assert "1 failed, 1 passed" in ended.stdout
    assert "task a-name:" in ended.stdout
    assert "test_hanging.py:5 in inner" in ended.stdout


def test_one_that_hangs_while_it_is_tidied_up_ends_the_run(tmp_path: Path) -> None:
    ended = pytest_on(tmp_path, HANGS_AGAIN)
    assert ended.returncode == 1
    assert "test_hanging.py::test_it hangs while it is tidied up" in ended.stderr
