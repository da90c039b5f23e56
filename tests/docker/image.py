"""``python -m tests.docker.image IMAGE``: what a built image is worth, tried as root with buildah, without an engine.

The bot runs inside as Compose lets it: as user 10001, without capabilities, on a read-only root; on a local node with
real pools outside. SIGTERM must end it cleanly.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from rich.console import Console
from rich.table import Table

from tests.e2e.harness import Daemon, World, world

BLOCKS: Final = 20
BASE: Final = "docker.io/library/python:3.13-slim-trixie"
LIMIT: Final = 260e6
"""Bytes of our own layers; the official base has about 125 MB more."""
_EXEC: Final = "import os, sys; os.execvp(sys.argv[1], sys.argv[1:])"
_ENVIRONMENT: Final = {**os.environ, "BUILDAH_ISOLATION": "chroot", "STORAGE_DRIVER": "vfs"}


def buildah(*arguments: str) -> str:
    """Run buildah and give what it says."""
    command = ["buildah", *arguments]
    return subprocess.run(command, env=_ENVIRONMENT, check=True, capture_output=True, text=True).stdout.strip()  # noqa: S603 - fixed commands


_ENTER: Final = """
set -e
root=$1; state=$2; folder=$3; shift 3
mount --make-rprivate /
mount --bind "$root" "$root"
mount --bind "$state" "$root/state"
mount -t tmpfs -o size=64m,mode=1777 tmpfs "$root/tmp"
mkdir -p "$root$folder"
mount --bind "$folder" "$root$folder"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -o remount,bind,ro "$root"
exec chroot "$root" setpriv --reuid 10001 --regid 10001 --clear-groups --no-new-privs --bounding-set=-all -- \\
  env -i "$@"
"""
"""As Compose starts it: the image's root read-only, /state and /tmp writable, user 10001 without capabilities."""


class Box:
    """The image's own file system, entered as Compose lets it be entered; it shares a folder and the loopback."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.folder = name, folder
        self.root = buildah("mount", name)
        self.environment = json.loads(buildah("inspect", name))["OCIv1"]["config"]["Env"]

    def command(self, *arguments: str) -> tuple[str, ...]:
        """Return the command that runs something inside, in /state, with the image's own environment."""
        enter = (
            "unshare",
            "--mount",
            "sh",
            "-c",
            _ENTER,
            "sh",
            self.root,
            str(self.folder / "state"),
            str(self.folder),
        )
        return (
            *enter,
            *self.environment,
            "DNBOT_LOG__LEVEL=debug",
            "sh",
            "-c",
            'cd /state && exec "$@"',
            "sh",
            *arguments,
        )

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run something inside to its end."""
        return subprocess.run(self.command(*arguments), check=False, capture_output=True, text=True)  # noqa: S603 - fixed commands


def inside(config: Path) -> int:
    """Find the bot's own process, which is not the one that was started here."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
            user = (entry / "status").read_text(encoding="ascii")
        except OSError:
            continue
        if (
            b"python" in words[0]
            and b"run" in words
            and str(config).encode() in words
            and re.search(r"^Uid:\s+10001", user, re.MULTILINE)
        ):
            return int(entry.name)
    raise AssertionError("the bot does not run as the image's user")


async def twenty_blocks(here: World, box: Box) -> tuple[int, int, float]:
    """Let the bot hedge a scene; return its cycles, its exit code after SIGTERM, and the seconds it took to end."""
    daemon = Daemon(("-c", _EXEC, *box.command("dnbot", "run", "-c", str(here.config))))
    await daemon.start()
    await daemon.said("cycle")
    records = await here.play(daemon, BLOCKS)
    began = time.monotonic()
    os.kill(inside(here.config), signal.SIGTERM)
    code = await daemon.dead()
    return len(records), code, time.monotonic() - began


async def main(image: str) -> int:
    """Try the image, print one table; 1 if something is wrong."""
    table, faults = Table("what", "figure", title=image), list[str]()
    own, whole = _size(image) - _size(BASE), _size(image)
    table.add_row("size on top of the base, in all", f"{own / 1e6:.0f} MB, {whole / 1e6:.0f} MB")
    faults += [f"{own / 1e6:.0f} MB are more than {LIMIT / 1e6:.0f}"] if own > LIMIT else []
    with TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        (folder / "state").mkdir()
        (folder / "state").chmod(0o777)
        box = Box(buildah("from", "--pull-never", image), folder)
        try:
            said = box.run("python", "-c", "import os, sys; print(os.getuid(), sys.version.split()[0])")
            table.add_row("user, Python", said.stdout.strip())
            faults += _locked_down(box)
            faults += _documented(box)
            async with world(folder) as here:
                cycles, code, seconds = await twenty_blocks(here, box)
                table.add_row("cycles, exit code after SIGTERM, seconds", f"{cycles}, {code}, {seconds:.1f}")
                faults += [f"exit code {code}"] if code else []
                told = box.run("dnbot", "doctor", "-c", str(here.config), "--json")
                levels = re.findall(r'"level": ?"(\w+)"', told.stdout)
                table.add_row("doctor: exit code, levels", f"{told.returncode}, {sorted(levels)}")
                faults += ["doctor fails"] if told.returncode else []
        finally:
            buildah("rm", box.name)
    Console().print(table)
    Console().print("; ".join(faults) or "all is well")
    return 1 if faults else 0


def _locked_down(box: Box) -> list[str]:
    """Say where it may write although it should not, or may not although it should."""
    wrong = []
    for place, may in (
        ("/venv", False),
        ("/config", False),
        ("/etc", False),
        ("/", False),
        ("/state", True),
        ("/tmp", True),  # noqa: S108 - the container's own
    ):
        did = box.run("sh", "-c", f"touch {place.rstrip('/')}/x && rm {place.rstrip('/')}/x").returncode == 0
        wrong += [] if did is may else [f"{place} {'can' if did else 'can not'} be written"]
    return wrong


def _documented(box: Box) -> list[str]:
    """Go docker/README.md's way through the configurations: keys are made, and every example loads as this user."""
    wrong = []
    keys = box.run("dnbot", "mqtt", "keys", "/state/secrets")
    wrong += [f"mqtt keys: {keys.stderr}"] if keys.returncode else []
    for name in ("paper-mainnet", "paper-base", "paper-sepolia"):
        shown = box.run("dnbot", "config", "show", "-c", f"/config/{name}.toml")
        wrong += [f"{name}: {shown.stderr}"] if shown.returncode else []
    return wrong


def _size(image: str) -> int:
    listed = json.loads(buildah("images", "--json", image))
    number, unit = re.findall(r"([\d.]+)\s*(\w+)", listed[0]["size"])[0]
    return int(float(number) * {"KB": 1e3, "MB": 1e6, "GB": 1e9}[unit])


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1])))
