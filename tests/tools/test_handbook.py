"""The hand-written pages keep up with the code: alarms are in the runbook, files and settings that are named exist."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.app.settings.show import json_schema

ROOT = Path(__file__).resolve().parents[2]
DOCS = sorted((ROOT / "docs").rglob("*.md"))
PAGES = [*DOCS, *sorted(ROOT.glob("*.md")), ROOT / "docker" / "README.md"]
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
MADE = ("docker/secrets", "bot/venues/acme", "bot/paper/servers/acme")
"""What users make; so are the .env files. ``acme`` is the venue of the guide."""
NAMED = {"Alarm": 0, "Dispute": 0, "DataIssue": 0, "_key": 0, "Refused": 1, "reduced_to": 3}
"""What names an alarm, and at which place of its arguments: a guard's name makes one too."""


def words(node: ast.expr) -> str | None:
    """Return the fixed beginning of a key, None where it begins with a variable."""
    if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
        node = node.values[0]
    return str(node.value).split(":", maxsplit=1)[0] if isinstance(node, ast.Constant) else None


def keys() -> Iterator[str]:
    for file in sorted((ROOT / "bot").rglob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        fixed = {
            target.id: words(node.value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None
            for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.func.id not in NAMED:
                continue
            place = NAMED[node.func.id]
            if len(node.args) <= place:
                continue
            word = node.args[place]
            found = fixed.get(word.id) if isinstance(word, ast.Name) else words(word)
            if found:
                yield found


def test_every_alarm_and_every_guard_is_in_the_runbook() -> None:
    found = set(keys())
    assert {"unhedged", "margin", "bare", "foreign", "stale", "step cap", "notional cap", "residual"} <= found
    assert not {key for key in found if f"`{key}`" not in RUNBOOK}


def test_every_prometheus_alert_is_in_the_runbook() -> None:
    rules = (ROOT / "docker" / "prometheus" / "rules.yml").read_text(encoding="utf-8")
    alerts = re.findall(r"- alert: (\w+)", rules)
    assert alerts
    assert not [alert for alert in alerts if alert not in RUNBOOK]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.parent.name}-{page.stem}")
def test_what_a_page_points_at_is_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)[^)]*\)", text) if "://" not in link]
    assert not [link for link in links if not (page.parent / link).exists()]
    files = re.findall(r"`((?:bot|tests|config|docker|docs|tools)/[\w./-]+)`", text)
    assert not [
        file for file in files if not (ROOT / file).exists() and not file.startswith(MADE) and not file.endswith(".env")
    ]


@pytest.mark.parametrize("page", [page for page in DOCS if page.stem in {"safety", "runbook", "quick-start"}], ids=str)
def test_every_setting_that_is_named_exists(page: Path) -> None:
    known = re.findall(r'"(\w+)"', str(json_schema()).replace("'", '"'))
    text = page.read_text(encoding="utf-8")
    named = re.findall(r"`((?:bot|guards|risk|execution|http|alerts|mqtt|hedge)\.[\w.]+)", text)
    assert not [name for name in named if not set(name.split(".")) <= set(known)]
