"""Fixtures that several parts share: a real local chain, one node per test process."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from hypothesis import settings

from bot.demo.chain import LocalChain
from bot.demo.node import Anvil
from bot.demo.rpc import Rpc
from bot.demo.uniswap_v2 import UniswapV2
from bot.demo.uniswap_v3 import UniswapV3
from tests.exchange.loopback import Certificate

# `make test` tries the same examples every time, whatever the machine's speed: what is red is what was changed.
# `make soak` looks for new ones; `make quick` tries the first few.
settings.register_profile("test", deadline=None, derandomize=True)
settings.register_profile("quick", max_examples=20, deadline=None, derandomize=True)
settings.register_profile("soak", max_examples=2_000, deadline=None)
settings.load_profile("test")
pytest_plugins = ["tests.loopback_only", "tests.stacks"]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def anvil() -> AsyncIterator[tuple[Anvil, LocalChain]]:
    """A node with everything deployed. Tests take `chain`, which leaves no traces on it."""
    async with Anvil() as node, Rpc(node.url) as rpc:
        yield node, await LocalChain.deploy(rpc)


@pytest.fixture
async def chain(anvil: tuple[Anvil, LocalChain]) -> AsyncIterator[LocalChain]:
    """The deployed chain; whatever the test does to it is taken back."""
    node, deployed = anvil
    async with Rpc(node.url) as rpc:
        chain = LocalChain(rpc, deployed.at, deployed.accounts)
        before = await chain.snapshot()
        yield chain
        await chain.revert(before)


@pytest.fixture
async def fresh_node() -> AsyncIterator[Anvil]:
    """A node of the test's own with nothing on it, for tests that kill it or reorganise it deeply."""
    async with Anvil() as node:
        yield node


@pytest.fixture(scope="session")
def certificate() -> Certificate:
    """The venues' certificate, and who trusts it."""
    return Certificate()


@pytest.fixture
def v2(chain: LocalChain) -> UniswapV2:
    """Uniswap V2 on `chain`."""
    return UniswapV2(chain)


@pytest.fixture
def v3(chain: LocalChain) -> UniswapV3:
    """Uniswap V3 on `chain`."""
    return UniswapV3(chain)
