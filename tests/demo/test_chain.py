"""The local chain does what a chain does; the Uniswap helpers are tested against balances that really move."""

import time
from datetime import timedelta
from fractions import Fraction

import pytest

from bot.core.types import Address
from bot.demo.blocks import RevertedError
from bot.demo.chain import MULTICALL3, LocalChain
from bot.demo.node import GENESIS, Anvil
from bot.demo.rpc import Rpc
from bot.demo.tx import Tx, address_of, calldata
from bot.demo.uniswap_v2 import UniswapV2
from bot.demo.uniswap_v3 import PoolKey, UniswapV3, sqrt_price_x96
from tests.demo.tricks import SLOT_FEE_GROWTH_GLOBAL0, empty_blocks, get_storage, set_fee_to, set_storage

pytestmark = pytest.mark.chain

OWNER = Address("0x00000000000000000000000000000000000A11cE")
TRADER = Address("0x0000000000000000000000000000000000000b0b")
E18 = 10**18


async def pair_with_liquidity(chain: LocalChain, v2: UniswapV2) -> Address:
    weth, wbtc = chain.at.weth, chain.at.wbtc
    pair = await v2.create_pair(weth.address, wbtc.address)
    await chain.fund(OWNER, {weth: 10_000 * E18, wbtc: 400 * 10**8})
    await chain.fund(TRADER, {weth: 1_000 * E18, wbtc: 40 * 10**8})
    await chain.mine(v2.add(OWNER, weth.address, wbtc.address, 1_000 * E18, 40 * 10**8))
    return pair


async def pool_with_position(chain: LocalChain, v3: UniswapV3) -> tuple[PoolKey, Address, int]:
    weth, usdc = chain.at.weth, chain.at.usdc
    key = PoolKey.of(weth.address, usdc.address, 500)
    price = Fraction(3000 * 10**6, E18) if key.token0 == weth.address else Fraction(E18, 3000 * 10**6)
    pool = await v3.create_pool(key, sqrt_price_x96(price))
    for account in (OWNER, TRADER):
        await chain.fund(account, {weth: 10_000 * E18, usdc: 30_000_000 * 10**6})
    _, tick = await v3.slot0(pool)
    middle = tick // 10 * 10
    amounts = [1000 * E18 if token == weth.address else 3_000_000 * 10**6 for token in (key.token0, key.token1)]
    return key, pool, await v3.open(OWNER, key, (middle - 2000, middle + 2000), (amounts[0], amounts[1]))


async def test_a_full_deployment_is_quick() -> None:
    started = time.monotonic()
    async with Anvil() as node, Rpc(node.url) as rpc:
        await LocalChain.deploy(rpc)
    assert time.monotonic() - started < 2


async def test_multicall_stands_at_its_canonical_address(chain: LocalChain) -> None:
    assert await chain.view(MULTICALL3, "(uint256)", "getChainId()") == (31337,)


async def test_tokens_say_what_they_are(chain: LocalChain) -> None:
    for token, decimals in ((chain.at.usdc, 6), (chain.at.wbtc, 8), (chain.at.weth, 18)):
        assert await chain.view(token.address, "(uint8)", "decimals()") == (decimals,)
        assert await chain.view(token.address, "(string)", "symbol()") == (token.symbol,)


async def test_a_token_can_be_placed_on_either_side_of_another(chain: LocalChain) -> None:
    weth = chain.at.weth.address
    low = await chain.deploy_token("LOW", 6, before=weth)
    high = await chain.deploy_token("HIGH", 8, after=weth)
    again = await chain.deploy_token("LOW", 6, before=weth)
    assert int(low.address, 16) < int(weth, 16) < int(high.address, 16)
    assert again.address != low.address
    assert await chain.view(high.address, "(uint8)", "decimals()") == (8,)


async def test_a_block_holds_its_transactions_in_order_and_has_its_time(chain: LocalChain) -> None:
    usdc = chain.at.usdc
    await chain.fund(OWNER, {usdc: 7})
    relay = [chain.transfer(OWNER, usdc.address, TRADER, 7), chain.transfer(TRADER, usdc.address, OWNER, 7)]
    at = GENESIS + timedelta(days=3)
    block = await chain.mine(*relay, *relay, timestamp=at)
    assert block.timestamp == at
    assert len(block.receipts) == 4
    assert await chain.balance(usdc.address, OWNER) == 7


async def test_a_reverted_transaction_is_an_error_unless_allowed(chain: LocalChain) -> None:
    usdc = chain.at.usdc.address
    with pytest.raises(RevertedError, match="panic"):
        await chain.mine(chain.transfer(OWNER, usdc, TRADER, 1))
    await chain.queue(chain.transfer(OWNER, usdc, TRADER, 1))
    with pytest.raises(RevertedError, match="1 transactions queued earlier"):
        await chain.mine()
    block = await chain.mine(chain.transfer(OWNER, usdc, TRADER, 1), may_revert=True)
    assert block.receipts[0]["status"] == "0x0"


async def test_v2_burn_pays_what_was_foretold(chain: LocalChain, v2: UniswapV2) -> None:
    pair = await pair_with_liquidity(chain, v2)
    weth, wbtc = chain.at.weth.address, chain.at.wbtc.address
    await set_fee_to(chain, TRADER)
    await chain.mine(v2.add(TRADER, weth, wbtc, E18, 10**8))
    await chain.mine(v2.swap(TRADER, weth, wbtc, 3 * E18 + 1), v2.swap(TRADER, wbtc, weth, 12345))
    liquidity = await chain.balance(pair, OWNER)
    tokens = sorted((weth, wbtc), key=lambda token: int(token, 16))
    before = [await chain.balance(token, OWNER) for token in tokens]
    foretold = await v2.burn_pays(pair, liquidity)
    await chain.mine(*v2.remove(OWNER, pair, liquidity))
    after = [await chain.balance(token, OWNER) for token in tokens]
    assert tuple(b - a for a, b in zip(before, after, strict=True)) == foretold
    assert min(foretold) > 0


async def test_v3_withdrawal_pays_what_was_foretold(chain: LocalChain, v3: UniswapV3) -> None:
    key, pool, token_id = await pool_with_position(chain, v3)
    await chain.mine(
        v3.swap(TRADER, key, 10**17, zero_for_one=True),
        v3.swap(TRADER, key, 10**10, zero_for_one=False),
        v3.increase(OWNER, token_id, 10**9, 10**9),
    )
    info = await v3.position(token_id)
    assert (info.token0, info.token1, info.fee) == (key.token0, key.token1, 500)
    await chain.mine(v3.decrease(OWNER, token_id, info.liquidity // 3), v3.swap(TRADER, key, 10**16, zero_for_one=True))
    before = [await chain.balance(token, OWNER) for token in (key.token0, key.token1)]
    foretold = await v3.pays(token_id)
    left = (await v3.position(token_id)).liquidity
    await chain.mine(v3.decrease(OWNER, token_id, left), v3.collect(OWNER, token_id), v3.burn(OWNER, token_id))
    after = [await chain.balance(token, OWNER) for token in (key.token0, key.token1)]
    assert tuple(b - a for a, b in zip(before, after, strict=True)) == (foretold.total0, foretold.total1)
    assert 0 < foretold.principal0 < foretold.total0
    with pytest.raises(RevertedError):
        await v3.pays(token_id)
    assert (await v3.slot0(pool))[0] > 0


async def test_v3_swap_stops_at_its_price_limit(chain: LocalChain, v3: UniswapV3) -> None:
    key, pool, token_id = await pool_with_position(chain, v3)
    sqrt_price, _ = await v3.slot0(pool)
    limit = sqrt_price * 999 // 1000
    await chain.mine(v3.swap(TRADER, key, 10**20, zero_for_one=True, limit=limit))
    assert (await v3.slot0(pool))[0] == limit
    await chain.mine(v3.close(OWNER, token_id, (await v3.position(token_id)).liquidity))
    assert await chain.balance(chain.at.v3_positions, OWNER) == 0


async def test_a_pending_call_sees_what_is_sent_but_not_mined(chain: LocalChain) -> None:
    usdc = chain.at.usdc
    snapshot_block = int(await chain.rpc.call("eth_blockNumber"), 16)
    data = calldata("mint(address,uint256)", OWNER, 5)
    await chain.queue(Tx(OWNER, usdc.address, data))
    assert await chain.balance(usdc.address, OWNER, block="pending") == 5
    assert await chain.balance(usdc.address, OWNER) == 0
    assert int(await chain.rpc.call("eth_blockNumber"), 16) == snapshot_block
    await chain.mine()
    assert await chain.balance(usdc.address, OWNER) == 5


async def test_storage_can_be_overwritten(chain: LocalChain, v3: UniswapV3) -> None:
    _, pool, _ = await pool_with_position(chain, v3)
    await set_storage(chain, pool, SLOT_FEE_GROWTH_GLOBAL0, 2**256 - 5)
    assert await chain.view(pool, "(uint256)", "feeGrowthGlobal0X128()") == (2**256 - 5,)
    assert await get_storage(chain, pool, SLOT_FEE_GROWTH_GLOBAL0) == 2**256 - 5


async def test_a_reorg_replaces_the_newest_blocks(chain: LocalChain) -> None:
    usdc = chain.at.usdc
    await chain.fund(OWNER, {usdc: 9})
    await empty_blocks(chain, 2)
    moved = await chain.mine(chain.transfer(OWNER, usdc.address, TRADER, 9))
    await chain.mine()
    await chain.reorg(3)
    block = await chain.rpc.call("eth_getBlockByNumber", hex(moved.number), False)
    assert block["hash"] != moved.hash
    assert await chain.balance(usdc.address, OWNER) == 9
    assert int(await chain.rpc.call("eth_blockNumber"), 16) == moved.number + 1
    again = await chain.mine()
    assert again.number == moved.number + 2


async def test_a_reorg_can_bring_other_transactions(chain: LocalChain) -> None:
    usdc = chain.at.usdc
    await chain.fund(OWNER, {usdc: 9})
    await chain.mine(chain.transfer(OWNER, usdc.address, TRADER, 9))
    await chain.reorg(1, chain.transfer(OWNER, usdc.address, TRADER, 4))
    assert await chain.balance(usdc.address, OWNER) == 5


async def test_a_snapshot_takes_everything_back(chain: LocalChain) -> None:
    before = await chain.rpc.call("eth_blockNumber")
    snapshot = await chain.snapshot()
    await chain.fund(OWNER, {chain.at.usdc: 9})
    await chain.revert(snapshot)
    assert await chain.rpc.call("eth_blockNumber") == before
    with pytest.raises(RevertedError, match="no snapshot"):
        await chain.revert(snapshot)


async def test_the_same_transactions_give_the_same_block_hashes() -> None:
    hashes = []
    for _ in range(2):
        async with Anvil() as node, Rpc(node.url) as rpc:
            chain = await LocalChain.deploy(rpc)
            await chain.fund(OWNER, {chain.at.weth: 5, chain.at.usdc: 5})
            hashes.append((await chain.mine(chain.transfer(OWNER, chain.at.usdc.address, TRADER, 5))).hash)
    assert hashes[0] == hashes[1]


def test_addresses_have_their_checksum() -> None:
    assert address_of(OWNER.lower()) == OWNER
