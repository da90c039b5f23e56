"""Configurations of older versions load: every example, and every setting that they knew."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.app.settings import load
from bot.core.errors import ConfigError

OLD = Path(__file__).parents[2] / "recorded" / "old"
EXAMPLES = sorted(OLD.glob("*/config/*.toml"))
EVERY = sorted(OLD.glob("*/every-setting.toml"))
CREDENTIALS = {f"DNBOT_VENUES__{name}": "word" for name in ("BINANCE__API_KEY", "BINANCE__SECRET")}
MORE = {f"DNBOT_VENUES__BITGET__{name}": "word" for name in ("API_KEY", "SECRET", "PASSPHRASE")}


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: f"{file.parts[-3]}-{file.stem}")
def test_an_example_of_an_older_version_loads(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    environment = {**(CREDENTIALS if "[venues.binance]" in text else {}), **(MORE if "[venues.bitget]" in text else {})}
    load([file], environment, live="live" in file.stem)


@pytest.mark.parametrize("file", EVERY, ids=lambda file: file.parent.name)
def test_what_an_older_version_wrote_as_an_example_loads(file: Path) -> None:
    load([file], {})


@pytest.mark.parametrize("file", EVERY, ids=lambda file: file.parent.name)
def test_no_setting_of_an_older_version_is_unknown(file: Path, tmp_path: Path) -> None:
    text = re.sub(r"^#(\[|[a-z_]+ = )", r"\1", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
    everything = tmp_path / "every.toml"
    everything.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:  # examples that exclude each other; never an unknown name
        load([everything], {})
    assert "unknown" not in str(caught.value)
