"""Log lines: where they go, how they look, and what never stands in them."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
import structlog

from bot.app.logging import CHATTY, configure

SECRET = "SECRETKEY-12345"  # noqa: S105 - a made-up one


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    levels = {name: logging.getLogger(name).level for name in CHATTY}
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, old in levels.items():
        logging.getLogger(name).setLevel(old)


def logged(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_elsewhere_than_on_a_terminal_is_json_in_utc() -> None:
    stream = io.StringIO()
    configure("info", "auto", [], stream)
    with structlog.contextvars.bound_contextvars(cycle=7):
        structlog.get_logger().info("cycle done", drift="0.1")
    (line,) = logged(stream)
    assert {**line, "timestamp": ""} == {
        "event": "cycle done",
        "drift": "0.1",
        "cycle": 7,
        "level": "info",
        "timestamp": "",
    }
    assert datetime.fromisoformat(str(line["timestamp"])).utcoffset() == timedelta(0)


def test_a_line_on_a_terminal_is_pretty() -> None:
    stream = Terminal()
    configure("info", "auto", [], stream)
    structlog.get_logger().info("cycle done", drift="0.1")
    assert "cycle done" in stream.getvalue()
    assert not stream.getvalue().startswith("{")
    assert "\x1b[" in stream.getvalue()


def test_the_format_can_be_chosen() -> None:
    stream = Terminal()
    configure("info", "json", [], stream)
    structlog.get_logger().info("x")
    assert logged(stream)[0]["event"] == "x"
    plain = io.StringIO()
    configure("info", "pretty", [], plain)
    structlog.get_logger().info("x")
    assert "\x1b[" not in plain.getvalue()
    assert len(stream.getvalue().splitlines()) == 1


def test_less_severe_lines_are_dropped() -> None:
    stream = io.StringIO()
    configure("warning", "json", [], stream)
    structlog.get_logger().info("quiet")
    structlog.get_logger().warning("loud")
    assert [line["event"] for line in logged(stream)] == ["loud"]


@pytest.mark.parametrize("name", CHATTY)
def test_libraries_are_kept_at_warning_even_when_debugging(name: str) -> None:
    stream = io.StringIO()
    configure("debug", "json", [], stream)
    logging.getLogger(f"{name}.inner").info("apiKey=…")
    logging.getLogger(f"{name}.inner").warning("slow %s", "node")
    assert [line["event"] for line in logged(stream)] == ["slow node"]


def failing() -> None:
    try:
        int(f"https://node/v2/{SECRET}")
    except ValueError as error:
        raise RuntimeError("read failed") from error


@pytest.mark.parametrize("style", ["json", "pretty"])
def test_no_secret_is_logged(style: str) -> None:
    stream = io.StringIO()
    configure("debug", style, [SECRET], stream)
    log = structlog.get_logger()
    log.info(SECRET, url=SECRET, nested={"list": [SECRET]}, **{SECRET: 1})
    logging.getLogger("foreign").error("standard %s", SECRET)
    try:
        failing()
    except RuntimeError:
        log.exception("ours")
        logging.getLogger("foreign").exception("theirs")
    text = stream.getvalue()
    assert SECRET not in text
    assert text.count("[redacted]") >= 7
    assert text.count("RuntimeError: read failed") == 2
    assert text.count("https://node/v2/[redacted]") == 2


def test_values_that_json_does_not_know_are_written_as_text() -> None:
    stream = io.StringIO()
    configure("info", "json", [], stream)
    structlog.get_logger().info("x", span=timedelta(seconds=5))
    assert logged(stream)[0]["span"] == "0:00:05"
