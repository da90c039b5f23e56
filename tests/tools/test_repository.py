"""The repository's own files: forms are well-formed, CI runs the README's commands, the version stands once."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted([*(ROOT / ".github").rglob("*.yml"), ROOT / ".pre-commit-config.yaml"])
VERSION: str = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]


def read(file: Path) -> dict[str, Any]:
    found = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_forms_and_workflows_are_yaml(file: Path) -> None:
    assert read(file)


def test_ci_runs_what_the_readme_says() -> None:
    jobs = read(ROOT / ".github" / "workflows" / "ci.yml")["jobs"]
    assert ".ci/run" in [step.get("run") for job in jobs.values() for step in job["steps"]]
    assert re.findall(r"^make (\w+)$", (ROOT / ".ci" / "run").read_text(encoding="utf-8"), re.MULTILINE) == [
        "check",
        "test",
    ]


def test_every_command_of_make_that_is_named_exists() -> None:
    known = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "docker" / "README.md"]
    named = [
        word for page in pages for word in re.findall(r"(?:`|^|^ {4})make ([a-z-]+)", page.read_text(), re.MULTILINE)
    ]
    assert named
    assert set(named) <= known


def test_the_version_stands_in_one_place() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S607 - git, wherever it is
    if listed.returncode:
        pytest.skip("no git checkout")
    ours = [
        name for name in listed.stdout.split() if not name.startswith(("tests/", "CHANGELOG")) and "lock" not in name
    ]
    pattern = re.compile(rf"(dnbot[^\n]{{0,40}}|version\W{{1,5}}){re.escape(VERSION)}\b")
    found = [name for name in ours if pattern.search((ROOT / name).read_text(encoding="utf-8", errors="replace"))]
    assert found == ["pyproject.toml"]


def test_systemd_accepts_the_unit_and_finds_it_locked_down() -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("there is no systemd-analyze here")
    unit = ROOT / "config" / "systemd" / "dnbot.service"
    checked = subprocess.run([analyze, "verify", "--man=no", str(unit)], capture_output=True, text=True, check=False)  # noqa: S603 - our own words
    faults = [
        line for line in checked.stderr.splitlines() if "dnbot.service" in line and "is not executable" not in line
    ]
    assert faults == []
    rated = [analyze, "security", "--offline=true", "--no-pager", "--threshold=20", str(unit)]
    assert subprocess.run(rated, capture_output=True, check=False).returncode == 0  # noqa: S603 - the same; 2.0 is "OK"
