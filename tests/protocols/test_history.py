"""A pool's past from nodes that do not know the word "finalized", or tell events that are none."""

from __future__ import annotations

from typing import Any

import pytest

from bot.chain.config import ChainConfig
from bot.chain.pool_history import Node, PoolHistory
from bot.chain.pool_past import PoolAbout, PoolToken
from bot.clock import SystemClock
from bot.core.errors import Retryable
from bot.core.types import Address, ChainId, ChainName, PoolId
from bot.protocols.concentrated.history import BURN, ConcentratedPast
from bot.protocols.uniswap_v3 import PAST
from tests.faults.rpc import FaultyRpc, serving

POOL = Address("0x70997970C51812dc3A010C7d01b50e0d17dc79C8")
NEWEST = 1000
SWAP = PAST.swap
TOKEN = PoolToken(POOL, "A", 18)


def header(number: int) -> dict[str, str]:
    return {
        "number": hex(number),
        "hash": f"0x{number:064x}",
        "parentHash": f"0x{number - 1:064x}",
        "timestamp": hex(1_700_000_000 + 12 * number),
    }


def log(topic: str, words: int, *topics: str, **more: object) -> dict[str, object]:
    found = {"address": POOL, "topics": [topic, *topics], "data": f"0x{'00' * 31}01" + "00" * 32 * (words - 1)}
    return {**found, "blockNumber": hex(7), "logIndex": "0x0", "transactionHash": f"0x{1:064x}", **more}


def answering(logs: list[dict[str, object]]) -> FaultyRpc:
    def node(method: str, params: list[Any]) -> object:
        match method:
            case "eth_blockNumber":
                return hex(NEWEST)
            case "eth_getBlockByNumber":
                return None if params[0] == "finalized" else header(int(params[0], 16))
            case _:
                return logs

    return FaultyRpc(node)


def history(url: str) -> PoolHistory:
    config = ChainConfig(ChainName("one"), ChainId(1), (url,), None, (), ())
    past = ConcentratedPast(POOL, PAST, PoolAbout("uniswap_v3", 500, 10, TOKEN, TOKEN))
    return PoolHistory(config, Node(config, PoolId(POOL), SystemClock()), past)


async def test_without_the_word_a_block_is_final_two_epochs_later() -> None:
    async with serving(answering([])) as rpc:
        past = history(rpc.url)
        assert (await past.node.final()).number == NEWEST - 64
        await past.close()


async def test_the_time_of_an_event_is_its_block_s_whether_the_node_tells_it_with_it_or_not() -> None:
    told = log(SWAP, 5, blockTimestamp=hex(1_700_000_000 + 12 * 7))
    for logs in ([told], [log(SWAP, 5)]):
        async with serving(answering(logs)) as rpc:
            past = history(rpc.url)
            (event,) = await past.events(1, 10)
            assert (event.time, event.in0, event.in1) == (1_700_000_084, 1, 0)
            asked = rpc.requests.count("eth_getBlockByNumber")
            assert asked == (0 if "blockTimestamp" in logs[0] else 1)
            await past.close()


@pytest.mark.parametrize("cut", [log(SWAP, 4), log(BURN, 3), log(BURN, 2, *[f"0x{1:064x}"] * 3)])
async def test_an_event_that_is_cut_short_is_none(cut: dict[str, object]) -> None:
    async with serving(answering([cut])) as rpc:
        past = history(rpc.url)
        with pytest.raises(Retryable, match="cut short"):
            await past.events(1, 10)
        await past.close()
