"""Does a replay still trade as commit 8cb46ce did, once what was decided since is put back by settings?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from tests.same_orders import ROOT, backtest, by_day

RECORDED: Final = Path(__file__).with_name("orders_of_8cb46ce.json")
"""``by_day(backtest(...))`` of that commit."""


def test_a_replay_of_the_generated_month_gives_the_orders_of_8cb46ce(tmp_path: Path) -> None:
    assert by_day(backtest(ROOT, tmp_path)) == json.loads(RECORDED.read_text(encoding="utf-8"))
