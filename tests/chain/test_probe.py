"""What the doctor learns of each endpoint by asking it: what it takes less of than is configured."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from bot.chain.probe import EndpointFacts, probe
from bot.clock import SystemClock
from bot.demo.chain import LocalChain
from tests.chain.scene import Scene
from tests.chain.setup import PATIENT, behind
from tests.demo.tricks import empty_blocks
from tests.faults import nodes
from tests.faults.nodes import Answer, Json, Node, honest, node

pytestmark = pytest.mark.chain


async def asked(chain: LocalChain, play: Callable[[Node, Json], Awaitable[Answer]]) -> EndpointFacts:
    scene = await Scene.on(chain)
    await empty_blocks(chain, 100)
    async with node(chain.rpc.url, play) as front:
        limits = replace(PATIENT, request_timeout=1.0, max_batch=50)
        (facts,) = await probe(behind(scene.config, front.url, limits=limits), SystemClock())
    return facts


async def test_an_honest_node_takes_what_is_configured(chain: LocalChain) -> None:
    facts = await asked(chain, honest)
    assert (facts.chain_id, facts.multicall, facts.logs, facts.failures, facts.learned) == (31337, True, True, (), "")


@pytest.mark.parametrize(
    ("name", "learned"),
    [
        ("alchemy_free", "blocks per eth_getLogs"),
        ("wordless_range", "blocks per eth_getLogs"),
        ("besu_batch", "4 requests per batch"),
        ("plain_batch", "no batches"),
        ("besu_gas_cap", "1,250,000 gas per call"),
        ("old_geth_pin", "no pins by block hash"),
    ],
)
async def test_what_a_node_takes_less_of_is_told(chain: LocalChain, name: str, learned: str) -> None:
    facts = await asked(chain, getattr(nodes, name))
    assert learned in facts.learned
    assert (facts.multicall, facts.logs, facts.failures) == (True, True, ())


async def test_what_a_node_does_not_do_at_all_is_told_in_its_own_words(chain: LocalChain) -> None:
    async def no_logs(_: Node, call: Json) -> Answer:
        return nodes.refusal(call, -32601, "the method eth_getLogs does not exist/is not available")

    facts = await asked(chain, nodes.method("eth_getLogs", no_logs))
    assert (facts.multicall, facts.logs, facts.learned) == (True, False, "")
    assert "does not exist" in facts.failures[0]
