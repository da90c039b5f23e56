"""The node dies and comes back, an endpoint fails, the chain is reorganised: no wrong order, no crash, soon well."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from bot.core.record import CycleRecord
from bot.demo.scenario import Action
from tests.demo.tricks import empty_blocks
from tests.e2e.books import in_band
from tests.e2e.harness import BTC, ETH, World, world
from tests.faults.rpc import Fault, FaultyRpc, serving

pytestmark = pytest.mark.chain

TAKER = '[execution]\nstyle = "taker"\n'
QUICK = 'request_timeout = "300ms"\npoll_interval = "100ms"'


async def in_step(here: World, record: CycleRecord) -> None:
    """Insist that a cycle saw what the contracts say, and is in its band."""
    await here.check_exposure(record)
    assert in_band(record)


async def test_the_node_goes_and_comes_back(tmp_path: Path) -> None:
    async with world(tmp_path, survives=True, chain=QUICK, extra=TAKER) as here:
        daemon = await here.daemon()
        await daemon.said("cycle")
        await here.play(daemon, 10)
        for _ in range(2):
            before, seen = here.account(), len(daemon.lines)
            await here.node.stop()
            await daemon.said("no head", after=seen)
            assert here.account() == before
            await here.node.start()
            records = await here.play(daemon, 3)
            await in_step(here, records[-1])
        assert await daemon.stop() == 0
        here.check_books()


async def test_a_node_that_comes_back_without_its_chain_moves_nothing(tmp_path: Path) -> None:
    async with world(tmp_path, chain=QUICK, extra=TAKER) as here:
        daemon = await here.daemon()
        await daemon.said("cycle")
        await here.play(daemon, 10)
        before, seen = here.account(), len(daemon.lines)
        assert before.positions
        await here.node.kill()
        await here.node.start()
        await empty_blocks(here.chain, 5)
        line = await daemon.said("no head", after=seen)
        line = await daemon.said("no head", after=daemon.lines.index(line) + 1)
        await empty_blocks(here.chain, 100)
        await daemon.said("cycle not finished", after=seen)
        assert here.account() == before
        assert await daemon.stop() == 0
        assert here.account() == before
        here.check_books()


async def test_a_failing_endpoint_is_passed_over(tmp_path: Path) -> None:
    async with world(tmp_path, extra=TAKER) as here, serving(FaultyRpc(here.node.url)) as first:
        here.configure(rpc_urls=[first.url, here.node.url], chain=QUICK, extra=TAKER)
        daemon = await here.daemon()
        await daemon.said("cycle")
        await here.play(daemon, 4)
        for fault in (
            Fault.HTML,
            Fault.HTTP_500,
            Fault.CUT,
            Fault.SHORT_BATCH,
            Fault.SILENT,
            Fault.RATE_LIMIT,
            Fault.NONE,
        ):
            first.fault = fault
            (record,) = await here.play(daemon, 1)
            await in_step(here, record)
        first.lag = 3
        for record in await here.play(daemon, 3):
            await in_step(here, record)
        assert not [line for line in daemon.lines if line["event"] == "cycle not finished"]
        assert await daemon.stop() == 0
        here.check_books()


@pytest.mark.parametrize("depth", [1, 3, 5])
async def test_a_reorganisation_is_followed(tmp_path: Path, depth: int) -> None:
    async with world(tmp_path, blocks=120, extra=TAKER) as here:
        daemon = await here.daemon()
        await daemon.said("cycle")
        await here.play(daemon, 14)
        for _ in range(3):
            await here.chain.reorg(depth)
            for record in await here.play(daemon, 3):
                await in_step(here, record)
        with closing(here.view()) as view:
            reorgs = [event for event in view.events() if event.kind == "reorg"]
        assert len(reorgs) >= 3
        assert await daemon.stop() == 0
        here.check_books()


async def test_liquidity_that_a_reorganisation_took_away_is_unhedged_once_that_is_sure(tmp_path: Path) -> None:
    async with world(tmp_path, extra=TAKER) as here:
        daemon = await here.daemon()
        await daemon.said("cycle")
        opened = False
        while not opened:
            opened = Action.OPEN_V2 in (await here.step()).actions
        await daemon.cycle(int(await here.chain.rpc.call("eth_blockNumber"), 16))
        await empty_blocks(here.chain, 1)  # which confirms what is new
        number = int(await here.chain.rpc.call("eth_blockNumber"), 16)
        await daemon.cycle(number)
        assert set(here.account().positions) == {"ETH/USDT:USDT", "BTC/USDT:USDT"}
        shorts = here.account().positions
        await here.chain.reorg(4)
        for block in range(number + 1, number + 6):
            seen = len(daemon.lines)
            await empty_blocks(here.chain, 1)
            await daemon.cycle(block, after=seen)
            if block <= number + 2:
                assert here.account().positions == shorts, "closed before its absence is sure"
        assert await here.exposure(number + 5) == {ETH: 0, BTC: 0}
        assert here.account().positions == {}
        assert await daemon.stop() == 0
        here.check_books()
