"""A replay says thousands of things that a daemon would say; the tests keep the errors."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
import structlog

from bot.app import logging


@pytest.fixture(autouse=True)
def _quiet_log() -> Iterator[None]:
    logging.configure("error", "json", (), sys.stderr)
    yield
    structlog.reset_defaults()
