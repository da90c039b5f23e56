"""Prometheus' rules and Grafana's dashboard: they are valid, and ask for nothing that the bot does not tell."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.telemetry.metrics.registry import Definition
from tests.tools.metrics_page import definitions

DOCKER = Path(__file__).resolve().parents[2] / "docker"
RULES = DOCKER / "prometheus"
DASHBOARD = DOCKER / "grafana" / "dashboards" / "dnbot.json"
FOREIGN = {"process_resident_memory_bytes", "up"}
"""What the Prometheus client and Prometheus itself give."""


def known() -> dict[str, Definition]:
    """Return every name that can be asked for, a histogram's series included."""
    names: dict[str, Definition] = {}
    for item in definitions():
        ends = ("_bucket", "_sum", "_count") if item.kind == "histogram" else ("",)
        names |= {item.name + end: item for end in ends}
    return names


def rule_expressions() -> list[str]:
    return re.findall(r"^\s+expr: (.+)$", (RULES / "rules.yml").read_text(encoding="utf-8"), re.MULTILINE)


def panels() -> list[dict[str, object]]:
    found = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    assert isinstance(found, list)
    return found


def targets() -> Iterator[dict[str, str]]:
    for panel in panels():
        listed = panel["targets"]
        assert isinstance(listed, list)
        yield from listed


def metrics_of(expression: str) -> set[str]:
    return set(re.findall(r"\b(?:dnbot|process)_\w+|\bup\b", expression))


def test_every_metric_in_the_dashboard_and_the_rules_exists() -> None:
    asked = [target["expr"] for target in targets()] + rule_expressions()
    asked += re.findall(r"label_values\(.*?\)", DASHBOARD.read_text(encoding="utf-8"))
    names = {name for expression in asked for name in metrics_of(expression)}
    assert len(asked) > 40
    assert names <= known().keys() | FOREIGN


def test_every_label_in_a_legend_belongs_to_the_metric() -> None:
    names = known()
    for target in targets():
        legend = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
        for name in metrics_of(target["expr"]) - FOREIGN:
            assert legend <= set(names[name].labels), target


def test_every_alert_is_tested() -> None:
    alerts = re.findall(r"alert: (\w+)", (RULES / "rules.yml").read_text(encoding="utf-8"))
    tested = set(re.findall(r"alertname: (\w+)", (RULES / "rules_test.yml").read_text(encoding="utf-8")))
    assert len(alerts) == len(set(alerts))
    assert set(alerts) == tested


def test_panels_do_not_cover_each_other() -> None:
    cells: set[tuple[int, int]] = set()
    for panel in panels():
        at = panel["gridPos"]
        assert isinstance(at, dict)
        own = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert max(x for x, _ in own) < 24
        assert not cells & own
        cells |= own


@pytest.mark.parametrize(
    "command",
    [["check", "config", "prometheus.yml"], ["check", "rules", "rules.yml"], ["test", "rules", "rules_test.yml"]],
)
def test_promtool_accepts_the_rules_and_their_tests(command: list[str]) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is missing: `make testtools` as root, or install the package prometheus")
    ran = subprocess.run([promtool, *command], cwd=RULES, capture_output=True, text=True, check=False)  # noqa: S603 - our own words
    assert ran.returncode == 0, ran.stdout + ran.stderr
