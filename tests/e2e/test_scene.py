"""A whole scene, from the first liquidity to the last, hedged by the daemon as a user runs it."""

from __future__ import annotations

import signal
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from bot.core.types import PositionId
from bot.demo.track import Track
from tests.e2e.books import in_band, waiting
from tests.e2e.harness import BTC, ETH, world

pytestmark = pytest.mark.chain


@pytest.mark.parametrize("style", ["maker", "taker"])
async def test_a_scene_is_hedged_from_its_first_block_to_its_last(tmp_path: Path, style: str) -> None:
    track = Track()
    async with world(tmp_path, blocks=60, extra=f'[execution]\nstyle = "{style}"\n') as here:
        daemon = await here.daemon()
        await daemon.said("cycle")
        absent, waits = dict.fromkeys((ETH, BTC), 0), set[PositionId]()
        for _ in range(60):
            (record,) = await here.play(daemon, 1)
            with closing(here.view()) as view:
                track.add(record, view.summaries(after=record.cycle - 1)[-1].figures.result)
            assert in_band(record), record.decision.hedges
            truth = await here.exposure(record.snapshot.chains[0].block.number)
            before, waits = waits, waiting(record)
            assert not before & waits, "a position waits for one block only"
            for hedge in record.decision.hedges:
                gone = truth[hedge.underlying] < hedge.exposure
                absent[hedge.underlying] = absent[hedge.underlying] + 1 if gone else 0
                assert hedge.exposure == truth[hedge.underlying] or 0 < absent[hedge.underlying] < 3 or waits
        assert here.account().positions == {}, "the shorts are not closed"
        assert len(here.account().fills) > 20
        assert await daemon.stop(signal.SIGTERM) == 0
        here.check_books()
    assert track.unpriced == 0
    assert track.variance_ratio is not None
    assert Decimal(track.variance_ratio) <= Decimal("0.02")
