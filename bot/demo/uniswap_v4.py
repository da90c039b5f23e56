"""Uniswap V4 on the local chain: transactions to mine, and what the contracts themselves say. Amounts are raw units."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from bot.core.amm.liquidity_math import liquidity_for_amounts
from bot.core.amm.tick_math import sqrt_ratio_at_tick
from bot.core.types import NOBODY, Address, PoolId
from bot.demo.blocks import Block, hexed
from bot.demo.chain import Erc20, LocalChain
from bot.demo.contracts import creation_code, own_code, permit2_code
from bot.demo.ranged import FEE, SPACING, Range, farthest
from bot.demo.tx import MAX_UINT128, MAX_UINT256, MUCH_GAS, NOWHERE, Tx, address_of, calldata, decoded
from bot.demo.uniswap_v3 import Payout, minted_by

_PERMIT2: Final = Address("0x000000000022D473030F116dDEE9F6B43aC78BA3")
NATIVE: Final = NOBODY
"""The chain's own coin; also stands for no hook."""
KEY: Final = "(address,address,uint24,int24,address)"
_UNSUBSCRIBE_GAS: Final = 300_000
_ENOUGH: Final = 10**27
"""Wei that are sent along; what is not needed comes back."""
_LOWER_BITS, _UPPER_BITS, _TICK_BYTES = 8, 32, 3
_INCREASE, _DECREASE, _MINT, _BURN, _TAKE_PAIR, _CLOSE, _SWEEP = 0x00, 0x01, 0x02, 0x03, 0x11, 0x12, 0x14
_CHANGE: Final = ["uint256", "uint256", "uint128", "uint128", "bytes"]


@dataclass(frozen=True, slots=True)
class Key:
    """A pool by its tokens, in order, its fee in hundredths of a basis point, its tick spacing and its hook."""

    token0: Address
    token1: Address
    fee: int
    spacing: int
    hook: Address = NATIVE

    @property
    def words(self) -> tuple[Address, Address, int, int, Address]:
        """The struct that the contracts take."""
        return self.token0, self.token1, self.fee, self.spacing, self.hook

    @property
    def raw(self) -> bytes:
        """The hash that the pool is known by."""
        return keccak(encode([KEY], [self.words]))

    @property
    def id(self) -> PoolId:
        """The same, in hexadecimal."""
        return PoolId(f"0x{self.raw.hex()}")


@dataclass(frozen=True, slots=True)
class Position:
    """Where a position lies, and its liquidity."""

    key: Key
    tick_lower: int
    tick_upper: int
    liquidity: int


@dataclass(frozen=True, slots=True)
class Deployed:
    """Where everything stands; ``purse`` is code that tells what an owner is paid."""

    pools: Address
    positions: Address
    view: Address
    router: Address
    purse: str


class UniswapV4:
    """The pool manager, the position manager, the state view, and a router that swaps."""

    def __init__(self, chain: LocalChain, at: Deployed) -> None:
        self.chain = chain
        self.at = at

    @classmethod
    async def deploy(cls, chain: LocalChain) -> Self:
        """Deploy everything, each contract in a block of its own."""
        await chain.rpc.call("anvil_setCode", _PERMIT2, hexed(permit2_code()))
        pools = await chain.create(creation_code("PoolManager"), "(address)", chain.accounts[0])
        constructor = "(address,address,uint256,address,address)"
        args = pools, _PERMIT2, _UNSUBSCRIBE_GAS, NOWHERE, chain.at.weth.address
        positions = await chain.create(creation_code("PositionManager"), constructor, *args)
        view = await chain.create(creation_code("StateView"), "(address)", pools)
        router = await chain.create(creation_code("PoolSwapTest"), "(address)", pools)
        purse = await chain.rpc.call("eth_call", {"data": hexed(own_code("Purse"))}, "latest")
        return cls(chain, Deployed(pools, positions, view, router, purse))

    async def allow(self, account: Address, tokens: Iterable[Address]) -> None:
        """Let the contracts take an account's tokens."""
        for token in (one for one in tokens if one != NATIVE):
            spenders = _PERMIT2, self.at.router
            approvals = [Tx(account, token, calldata("approve(address,uint256)", to, MAX_UINT256)) for to in spenders]
            signature = "approve(address,address,uint160,uint48)"
            permit = calldata(signature, token, self.at.positions, 2**160 - 1, 2**48 - 1)
            await self.chain.mine(*approvals, Tx(account, _PERMIT2, permit))

    async def create_pool(self, key: Key, sqrt_price: int) -> None:
        """Initialise a pool in a block of its own."""
        data = calldata(f"initialize({KEY},uint160)", key.words, sqrt_price)
        await self.chain.mine(Tx(self.chain.accounts[0], self.at.pools, data, gas=MUCH_GAS))

    async def slot0(self, key: Key, block: str = "latest") -> tuple[int, int]:
        """Return a pool's sqrtPriceX96 and tick."""
        types = "(uint160,int24,uint24,uint24)"
        found = await self.chain.view(self.at.view, types, "getSlot0(bytes32)", key.raw, block=block)
        return found[0], found[1]

    async def position(self, token_id: int, block: str = "latest") -> Position:
        """Read a position."""
        manager, view = self.at.positions, self.chain.view
        signature = "getPoolAndPositionInfo(uint256)"
        words, info = await view(manager, f"({KEY},uint256)", signature, token_id, block=block)
        (liquidity,) = await view(manager, "(uint128)", "getPositionLiquidity(uint256)", token_id, block=block)
        key = Key(address_of(words[0]), address_of(words[1]), words[2], words[3], address_of(words[4]))
        raw = int(info).to_bytes(32, "big")
        ends = [len(raw) - bits // 8 for bits in (_LOWER_BITS, _UPPER_BITS)]
        lower, upper = (int.from_bytes(raw[end - _TICK_BYTES : end], "big", signed=True) for end in ends)
        return Position(key, lower, upper, int(liquidity))

    async def liquidity_of(self, key: Key, ticks: tuple[int, int], amounts: tuple[int, int]) -> int:
        """Return the liquidity that amounts buy in a range at the pool's price."""
        low, high = (sqrt_ratio_at_tick(tick) for tick in ticks)
        return liquidity_for_amounts((await self.slot0(key))[0], low, high, *amounts)

    async def open(self, owner: Address, key: Key, ticks: tuple[int, int], amounts: tuple[int, int]) -> int:
        """Open a position in a block of its own and give its id."""
        liquidity = await self.liquidity_of(key, ticks, amounts)
        return self.minted_ids(await self.chain.mine(self.mint(owner, key, ticks, liquidity)))[0]

    def minted_ids(self, block: Block) -> tuple[int, ...]:
        """Return the ids that a block's transactions minted, in order."""
        return minted_by(self.at.positions, block)

    def mint(self, owner: Address, key: Key, ticks: tuple[int, int], liquidity: int) -> Tx:
        """Open a position, whatever it costs."""
        types = [KEY, "int24", "int24", "uint256", "uint128", "uint128", "address", "bytes"]
        params = encode(types, [key.words, *ticks, liquidity, MAX_UINT128, MAX_UINT128, owner, b""])
        return self._paid_change(owner, key, _MINT, params)

    def increase(self, owner: Address, key: Key, token_id: int, liquidity: int) -> Tx:
        """Add liquidity to a position, whatever it costs; its fees pay for it first."""
        params = encode(_CHANGE, [token_id, liquidity, MAX_UINT128, MAX_UINT128, b""])
        return self._paid_change(owner, key, _INCREASE, params)

    def decrease(self, owner: Address, key: Key, token_id: int, liquidity: int) -> Tx:
        """Take liquidity and all fees out; 0 takes the fees alone."""
        return self._change(owner, _taken(key, token_id, liquidity, owner))

    def burn(self, owner: Address, key: Key, token_id: int) -> Tx:
        """Take everything out and burn the token."""
        params = encode(["uint256", "uint128", "uint128", "bytes"], [token_id, 0, 0, b""])
        return self._change(owner, _actions((_BURN, params), (_TAKE_PAIR, _pair(key, owner))))

    def give(self, owner: Address, to: Address, token_id: int) -> Tx:
        """Transfer a position."""
        return Tx(owner, self.at.positions, calldata("transferFrom(address,address,uint256)", owner, to, token_id))

    def swap(self, trader: Address, key: Key, amount: int, limit: int, *, zero_for_one: bool) -> Tx:
        """Swap an exact input up to a price (sqrtPriceX96)."""
        signature = f"swap({KEY},(bool,int256,uint160),(bool,bool),bytes)"
        data = calldata(signature, key.words, (zero_for_one, -amount, limit), (False, False), b"")
        value = amount if zero_for_one and key.token0 == NATIVE else 0
        return Tx(trader, self.at.router, data, value=value, gas=MUCH_GAS)

    async def pays(self, owner: Address, key: Key, token_id: int, liquidity: int, block: str = "latest") -> Payout:
        """Ask the contracts what taking everything out pays, and what of it are fees: calls by the owner, not sent."""
        fees = await self.total(owner, key, token_id, 0, block)
        total = await self.total(owner, key, token_id, liquidity, block)
        return Payout(total[0] - fees[0], total[1] - fees[1], *total)

    async def total(
        self, owner: Address, key: Key, token_id: int, liquidity: int, block: str = "latest"
    ) -> tuple[int, int]:
        """Ask what taking liquidity out pays, fees included."""
        change = _taken(key, token_id, liquidity, owner)
        data = calldata("paid(address,bytes,address[2])", self.at.positions, change, (key.token0, key.token1))
        request = {"from": self.chain.accounts[-1], "to": owner, "data": f"0x{data.hex()}", "gas": hex(MUCH_GAS // 4)}
        answer = await self.chain.static_call(request, block, {owner: {"code": self.at.purse}})
        paid = decoded("(uint256,uint256)", answer)
        return paid[0], paid[1]

    def _paid_change(self, owner: Address, key: Key, action: int, params: bytes) -> Tx:
        """Make a change and pay what it owes; what was sent too much of the chain's own coin comes back."""
        close = [(_CLOSE, encode(["address"], [token])) for token in (key.token0, key.token1)]
        sweep = _SWEEP, encode(["address", "address"], [NATIVE, owner])
        value = _ENOUGH if key.token0 == NATIVE else 0
        return self._change(owner, _actions((action, params), *close, sweep), value)

    def _change(self, owner: Address, actions: bytes, value: int = 0) -> Tx:
        data = calldata("modifyLiquidities(bytes,uint256)", actions, MAX_UINT256)
        return Tx(owner, self.at.positions, data, value=value)


def _taken(key: Key, token_id: int, liquidity: int, to: Address) -> bytes:
    params = encode(_CHANGE, [token_id, liquidity, 0, 0, b""])
    return _actions((_DECREASE, params), (_TAKE_PAIR, _pair(key, to)))


def _actions(*actions: tuple[int, bytes]) -> bytes:
    return encode(["bytes", "bytes[]"], [bytes(kind for kind, _ in actions), [params for _, params in actions]])


def _pair(key: Key, to: Address) -> bytes:
    return encode(["address", "address", "address"], [key.token0, key.token1, to])


class V4Pool:
    """Implements RangedPool, with the chain's own coin."""

    protocol = "uniswap_v4"
    word = "V4"
    has_farm = False
    spacing = SPACING

    def __init__(self, v4: UniswapV4) -> None:
        self._v4 = v4
        self.tokens = Erc20(NATIVE, "ETH", 18), v4.chain.at.usdc
        self._key = Key(NATIVE, v4.chain.at.usdc.address, FEE, SPACING)

    @classmethod
    async def deploy(cls, chain: LocalChain) -> Self:
        """Deploy the contracts."""
        return cls(await UniswapV4.deploy(chain))

    def deployment(self) -> Mapping[str, object]:
        """Return its table in the daemon's configuration."""
        return {"position_manager": self._v4.at.positions, "state_view": self._v4.at.view}

    async def create(self, sqrt_price: int) -> None:
        """Initialise the pool."""
        await self._v4.create_pool(self._key, sqrt_price)

    async def allow(self, account: Address) -> None:
        """Let the contracts take an account's tokens."""
        await self._v4.allow(account, [token.address for token in self.tokens])

    async def mint(self, owner: Address, ticks: tuple[int, int], amounts: tuple[int, int]) -> Tx:
        """Open a position."""
        return self._v4.mint(owner, self._key, ticks, await self._v4.liquidity_of(self._key, ticks, amounts))

    async def more(self, owner: Address, token_id: int, amounts: tuple[int, int]) -> Tx:
        """Add to a position."""
        held = await self.range(token_id)
        added = await self._v4.liquidity_of(self._key, (held.lower, held.upper), amounts)
        return self._v4.increase(owner, self._key, token_id, added)

    def less(self, owner: Address, token_id: int, liquidity: int) -> Sequence[Tx]:
        """Take liquidity and all fees out."""
        return [self._v4.decrease(owner, self._key, token_id, liquidity)]

    def close(self, owner: Address, token_id: int, liquidity: int) -> Tx:
        """Take everything out and burn the token."""
        del liquidity  # burning takes it out
        return self._v4.burn(owner, self._key, token_id)

    def stake(self, owner: Address, token_id: int) -> Sequence[Tx]:
        """Do nothing: there is no farm."""
        del owner, token_id
        return []

    unstake = stake

    def swap(self, trader: Address, amount_in: int, *, zero_for_one: bool, limit: int = 0) -> Tx:
        """Swap an exact input."""
        limit = limit or farthest(zero_for_one=zero_for_one)
        return self._v4.swap(trader, self._key, amount_in, limit, zero_for_one=zero_for_one)

    async def price(self, block: str = "latest") -> tuple[int, int]:
        """Return sqrtPriceX96 and tick."""
        return await self._v4.slot0(self._key, block)

    def minted_ids(self, block: Block) -> tuple[int, ...]:
        """Return the ids that a block's transactions minted, in order."""
        return self._v4.minted_ids(block)

    async def range(self, token_id: int) -> Range:
        """Read a position."""
        held = await self._v4.position(token_id)
        return Range(held.tick_lower, held.tick_upper, held.liquidity)

    async def pays(self, owner: Address, token_id: int) -> Payout:
        """Ask the contracts what taking everything out pays now."""
        return await self._v4.pays(owner, self._key, token_id, (await self.range(token_id)).liquidity)
