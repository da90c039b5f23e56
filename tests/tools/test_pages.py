"""The pages of docs/ name what is there: their links lead somewhere, their commands and files exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.cli.main import COMMANDS
from tests.tools.docs import PAGES, ROOT

TEXTS = sorted([*ROOT.glob("docs/*.md"), ROOT / "README.md"])


@pytest.mark.parametrize("page", TEXTS, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    targets = [target for target in re.findall(r"\]\(([^)#\s]+)", text) if "://" not in target]
    assert [target for target in targets if not (page.parent / target).exists()] == []


WRITTEN_BY_HAND = [page for page in TEXTS if f"docs/{page.name}" not in PAGES]


@pytest.mark.parametrize("page", WRITTEN_BY_HAND, ids=lambda page: page.name)
def test_commands_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    named = set(re.findall(r"(?:`|^    )dnbot ([a-z]+)", text, re.MULTILINE))
    assert named - set(COMMANDS) == set()


@pytest.mark.parametrize("page", TEXTS, ids=lambda page: page.name)
def test_files_that_are_named_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    named = re.findall(r"`((?:bot|config|docker|docs|tests|tools)/[A-Za-z0-9_./-]+)`", text)
    made = {"docker/secrets"}  # by `dnbot mqtt keys`
    missing = [name for name in named if not (ROOT / name).exists() and name.rstrip("/") not in made]
    assert [name for name in missing if "/acme" not in name] == []  # the made-up venue of the guide
