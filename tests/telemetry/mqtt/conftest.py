"""A broker for each test that asks."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.telemetry.mqtt.scene import Mosquitto, new_broker


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    """A running Mosquitto with docker's own files."""
    broker = new_broker(tmp_path)
    broker.start()
    yield broker
    broker.kill()
