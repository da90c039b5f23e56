"""What the command costs: the daemon's resident memory after fifty blocks, and the wall time of a start."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from tests.e2e.harness import world
from tests.forks import ROOT

BLOCKS: Final = 50
ROUNDS: Final = 7


async def memory() -> float:
    """Run the daemon on a scene and give its resident memory, MB (10^6 bytes)."""
    with tempfile.TemporaryDirectory(prefix="dnbot-bench-") as folder:
        async with world(Path(folder), blocks=60) as here:
            interpreter = ("-c", "from bot.cli.main import main; main()")  # the memory of a fork is shared
            daemon = await here.daemon(*interpreter, "run", "-c", str(here.config))
            await daemon.said("cycle")
            await here.play(daemon, BLOCKS)
            status = Path(f"/proc/{daemon.process.pid}/status").read_text(encoding="utf-8")
    kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(kilobytes) * 1024 / 1e6


def start(*arguments: str) -> float:
    """Return the median wall time of a Python process with these arguments, seconds."""
    times = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        subprocess.run([sys.executable, *arguments], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - ours
        times.append(time.perf_counter() - begun)
    return statistics.median(times)
