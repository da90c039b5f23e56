"""The venue seam: what belongs to one venue stands in its own folder, and nowhere else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.paper.servers.registry import SERVERS
from bot.venues.registry import KINDS, kind_of

ROOT = Path(__file__).parents[2] / "bot"
NAMES = sorted({*KINDS, *SERVERS, *(kind.kind for kind in SERVERS.values())})
REGISTRIES = ("venues/registry.py", "paper/servers/registry.py")


def at_home(file: Path, name: str) -> bool:
    """A flavour of a venue is at home with the venue: ``acme-spot`` in ``acme/``."""
    place, folder = file.relative_to(ROOT).as_posix(), name.partition("-")[0]
    return place in REGISTRIES or place.startswith((f"venues/{folder}/", f"paper/servers/{folder}/"))


@pytest.mark.parametrize("name", NAMES)
def test_a_venues_name_stands_in_its_own_folders_alone(name: str) -> None:
    word = re.compile(re.escape(name), re.IGNORECASE)
    files = [file for ending in ("py", "js", "html") for file in ROOT.rglob(f"*.{ending}")]
    assert len(files) > 300
    found = [
        f"{file.relative_to(ROOT)}:{number}: {line.strip()}"
        for file in files
        if not at_home(file, name)
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if word.search(line)
    ]
    assert found == []


def test_every_server_stands_for_a_kind_that_is_registered() -> None:
    for name, server in SERVERS.items():
        assert server.kind in KINDS, name
        fields = kind_of(server.kind).settings.model_fields
        assert set(server.settings) <= set(fields), name
        assert set(kind_of(server.kind).settings.needed) <= set(server.settings), name


def test_a_kind_that_only_ccxt_knows_has_the_usual_credentials() -> None:
    assert kind_of("okx").settings is kind_of("kraken").settings
    assert kind_of("binanceusdm") is KINDS["binance"]
