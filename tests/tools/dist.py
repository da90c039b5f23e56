"""`make dist`: build wheel and source archive, and try the wheel in a bare virtual environment, away from here."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import urllib.request
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from zipfile import ZipFile

ROOT: Final = Path(__file__).resolve().parents[2]
DIST: Final = ROOT / "dist"
VERSION: Final[str] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
PATIENCE: Final = 60
"""Seconds for any command but the installation."""
_CONFIG: Final = """
[chains.local]
chain_id = 31337
rpc_urls = ["http://127.0.0.1:9"]
owners = ["0x1111111111111111111111111111111111111111"]
[[chains.local.uniswap_v2]]
pairs = ["0x7852f1234c7540cB33D2a5117a5794ACEB204b96"]
[venues.paper]
kind = "paper"
symbols = { ETH = "ETH/USDT:USDT" }
[http]
port = 0
[log]
format = "json"
"""
"""Nobody listens at the endpoint; the daemon waits for it."""


def main() -> None:
    """Build and try; an assertion says what is wrong."""
    wheel, archive = build()
    check_contents(wheel, archive)
    with tempfile.TemporaryDirectory(prefix="dnbot-dist-") as name:
        folder = Path(name)
        dnbot = install(wheel, folder / "venv")
        try_commands(dnbot, folder)
        try_daemon(dnbot, folder)
    sys.stdout.write(f"{wheel.relative_to(ROOT)} and {archive.relative_to(ROOT)}: installed, tried, all is well\n")


def build() -> tuple[Path, Path]:
    """Build both without another environment; return wheel and source archive."""
    for old in DIST.glob("dnbot-*"):
        old.unlink()
    run([sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-t", "wheel", "-d", str(DIST)], ROOT)
    (wheel,), (archive,) = DIST.glob("*.whl"), DIST.glob("*.tar.gz")
    assert wheel.name == f"dnbot-{VERSION}-py3-none-any.whl"
    return wheel, archive


def check_contents(wheel: Path, archive: Path) -> None:
    """Every file of the package is in both, and nothing else of the checkout is in the wheel."""
    package = {str(file.relative_to(ROOT)) for file in _package()}
    with ZipFile(wheel) as zipped:
        names = set(zipped.namelist())
    rest = {name for name in names - package if ".dist-info/" not in name}
    assert package <= names, f"the wheel lacks {sorted(package - names)}"
    assert not rest, f"the wheel has {sorted(rest)} besides"
    with tarfile.open(archive) as packed:
        inside = {name.partition("/")[2] for name in packed.getnames()}
    wanted = package | {"pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "requirements.lock"}
    assert wanted <= inside, f"the source archive lacks {sorted(wanted - inside)}"


def _package() -> Iterator[Path]:
    return (file for file in (ROOT / "bot").rglob("*") if file.is_file() and "__pycache__" not in file.parts)


def install(wheel: Path, folder: Path) -> Path:
    """Install the wheel on the locked dependencies; return the console script."""
    venv.create(folder, with_pip=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "-q", "--disable-pip-version-check"]
    run([*pip, "install", "--require-hashes", "-r", str(ROOT / "requirements.lock")], folder)
    run([*pip, "install", "--no-deps", str(wheel)], folder)
    run([*pip, "check"], folder)
    return folder / "bin" / "dnbot"


def try_commands(dnbot: Path, folder: Path) -> None:
    """Run what needs no chain."""
    assert run([str(dnbot), "--version"], folder) == f"dnbot {VERSION}\n"
    assert "doctor" in run([str(dnbot), "--help"], folder)
    run([str(dnbot), "config", "init", "example.toml"], folder)
    run([str(dnbot), "config", "show", "-c", "example.toml"], folder)
    run([str(dnbot), "config", "schema"], folder)
    told = subprocess.run([dnbot, "demo"], cwd=folder, env=_bare(), capture_output=True, text=True, check=False)  # noqa: S603 - our own
    assert "Traceback" not in told.stderr, told.stderr
    assert told.returncode in {1, 2}, told  # the demo's plot and chain belong to a checkout


def try_daemon(dnbot: Path, folder: Path) -> None:
    """Start the daemon, which makes its journal, serve the page, and end it."""
    (folder / "bot.toml").write_text(_CONFIG, encoding="utf-8")
    command = [str(dnbot), "run", "-c", "bot.toml"]
    process = subprocess.Popen(command, cwd=folder, env=_bare(), stderr=subprocess.PIPE, text=True)  # noqa: S603 - our own
    assert process.stderr is not None
    try:
        said = next(line for line in process.stderr if "status page" in line or "rror" in line)
        url = said.partition('"url": "')[2].partition('"')[0]
        assert url, said
        page = urllib.request.urlopen(url, timeout=PATIENCE).read().decode()  # noqa: S310 - our own server
        assert "<title>" in page
        next(line for line in process.stderr if "waiting for the chain" in line)
    finally:
        process.send_signal(signal.SIGTERM)
        rest = process.communicate(timeout=PATIENCE)[1]
    assert process.returncode == 0, rest


def run(command: list[str], folder: Path) -> str:
    """Run to a good end, and return what was printed."""
    done = subprocess.run(command, cwd=folder, env=_bare(), capture_output=True, text=True, check=False)  # noqa: S603 - fixed commands
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def _bare() -> dict[str, str]:
    """Return the environment without what could lend the checkout's code or configuration."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("DNBOT_", "PYTHON"))}


if __name__ == "__main__":
    main()
