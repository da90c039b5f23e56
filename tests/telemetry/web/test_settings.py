"""``[http]``: on by default and on the loopback; bad names and ports are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.telemetry.web.config import HttpConfig
from tests.app.settings.scenes import loaded, refused


def test_it_listens_on_the_loopback_unless_told_otherwise(tmp_path: Path) -> None:
    http = loaded(tmp_path).settings.http
    assert http.enabled
    assert http.config() == HttpConfig("127.0.0.1", 9464, frozenset(), 180.0, 2000)


def test_everything_can_be_set(tmp_path: Path) -> None:
    extra = """
    [http]
    enabled = false
    host = "192.0.2.7"
    port = 80
    names = ["Bot", "dnbot.example"]
    stale_after = "90s"
    history = 500
    """
    http = loaded(tmp_path, extra).settings.http
    assert not http.enabled
    assert http.config() == HttpConfig("192.0.2.7", 80, frozenset({"bot", "dnbot.example"}), 90.0, 500)


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ('names = ["http://bot"]', "http.names"),
        ('names = ["bot:9464"]', "http.names"),
        ("port = 70000", "http.port"),
        ("history = 0", "http.history"),
        ('stale_after = "soon"', "http.stale_after"),
        ('host = ""', "http.host"),
    ],
)
def test_what_can_not_be_is_refused_by_its_key(tmp_path: Path, line: str, key: str) -> None:
    assert key in str(refused(tmp_path, f"[http]\n{line}"))
