"""What users rest on stays: every name of the first release is there, or is an alias that is still accepted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from tests.public_names import names

RELEASED: Final = Path(__file__).with_suffix("").with_name("public_names.json")
"""The names as commit 8cb46ce had them, by kind; names are added to it, never taken away."""


def test_no_public_name_is_gone() -> None:
    released, present = json.loads(RELEASED.read_text(encoding="utf-8")), names()
    assert released.keys() <= present.keys()
    gone = {kind: sorted(set(released[kind]) - set(present[kind])) for kind in released}
    assert {kind: missing for kind, missing in gone.items() if missing} == {}
