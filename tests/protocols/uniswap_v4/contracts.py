"""Uniswap V4 on a local chain: the real pool manager, position manager, state view and Permit2, from npm packages."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from bot.core.amm.liquidity_math import liquidity_for_amounts
from bot.core.amm.tick_math import sqrt_ratio_at_tick
from bot.core.types import Address, PoolId
from bot.demo.chain import Erc20, LocalChain
from bot.demo.contracts import compiled, node_modules
from bot.demo.tx import MAX_UINT256, Tx, address_of, arguments, calldata, decoded
from bot.demo.uniswap_v3 import Payout

HERE: Final = Path(__file__).parent
CORE: Final = "@uniswap/v4-core/out"
PERIPHERY: Final = "@uniswap/v4-periphery/foundry-out"
PERMIT2_CODE: Final = "@uniswap/v4-periphery/lib/permit2/test/utils/DeployPermit2.sol"
PERMIT2: Final = Address("0x000000000022D473030F116dDEE9F6B43aC78BA3")
NATIVE: Final = Address("0x0000000000000000000000000000000000000000")
NO_HOOK: Final = NATIVE
DYNAMIC: Final = 0x800000
HARMLESS_HOOK: Final = address_of("0x" + "00" * 16 + "beef4000")
"""An address without permissions: it is never called, and sets the fee of a pool with a dynamic one."""
POOLS_SLOT: Final = 6
MANY: Final = 100_000_000
MOST: Final = 2**128 - 1
INCREASE, DECREASE, MINT, BURN, SETTLE_PAIR, TAKE_PAIR, CLOSE, SWEEP = 0, 1, 2, 3, 0x0D, 0x11, 0x12, 0x14


def artifact(folder: str, name: str) -> bytes:
    text = (node_modules() / folder / f"{name}.sol" / f"{name}.json").read_text()
    code: str = json.loads(text)["bytecode"]["object"]
    return bytes.fromhex(code.removeprefix("0x"))


@dataclass(frozen=True, slots=True)
class Key:
    """A pool's key."""

    token0: Address
    token1: Address
    fee: int
    spacing: int
    hook: Address = NO_HOOK

    @property
    def words(self) -> tuple[Address, Address, int, int, Address]:
        return self.token0, self.token1, self.fee, self.spacing, self.hook

    @property
    def id(self) -> PoolId:
        return PoolId(f"0x{keccak(encode([KEY], [self.words])).hex()}")

    @property
    def raw(self) -> bytes:
        return bytes.fromhex(self.id[2:])


KEY: Final = "(address,address,uint24,int24,address)"


@dataclass(frozen=True, slots=True)
class Position:
    """Where a position lies and what it has."""

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
    donor: Address
    purse: str


class UniswapV4:
    """The contracts, as transactions and as what they say themselves."""

    def __init__(self, chain: LocalChain, at: Deployed) -> None:
        self.chain = chain
        self.at = at

    @classmethod
    async def deploy(cls, chain: LocalChain) -> UniswapV4:
        owner = chain.accounts[0]

        async def create(code: bytes, types: str = "()", *args: object) -> Address:
            return (await chain.mine(Tx(owner, None, code + arguments(types, *args), gas=MANY))).created[0]

        source = (node_modules() / PERMIT2_CODE).read_text()
        code = re.search(r'hex"([0-9a-f]+)"', source)
        assert code is not None, PERMIT2_CODE
        await chain.rpc.call("anvil_setCode", PERMIT2, f"0x{code[1]}")
        pools = await create(artifact(CORE, "PoolManager"), "(address)", owner)
        constructor = "(address,address,uint256,address,address)"
        args = pools, PERMIT2, 300_000, address_of("0x" + "00" * 18 + "dead"), chain.at.weth.address
        positions = await create(artifact(PERIPHERY, "PositionManager"), constructor, *args)
        view = await create(artifact(PERIPHERY, "StateView"), "(address)", pools)
        router = await create(artifact(CORE, "PoolSwapTest"), "(address)", pools)
        donor = await create(artifact(CORE, "PoolDonateTest"), "(address)", pools)
        await chain.mine(Tx(owner, pools, calldata("setProtocolFeeController(address)", owner)))
        purse = await chain.rpc.call("eth_call", {"data": f"0x{compiled(HERE / 'Purse.sol').hex()}"}, "latest")
        return cls(chain, Deployed(pools, positions, view, router, donor, purse))

    async def allow(self, account: Address, tokens: tuple[Erc20, ...]) -> None:
        """Let the contracts take an account's tokens."""
        for token in (one.address for one in tokens if one.address != NATIVE):
            spenders = PERMIT2, self.at.router, self.at.donor
            approvals = [Tx(account, token, calldata("approve(address,uint256)", to, MAX_UINT256)) for to in spenders]
            permit = calldata(
                "approve(address,address,uint160,uint48)", token, self.at.positions, 2**160 - 1, 2**48 - 1
            )
            await self.chain.mine(*approvals, Tx(account, PERMIT2, permit))

    async def create_pool(self, key: Key, sqrt_price: int) -> None:
        data = calldata(f"initialize({KEY},uint160)", key.words, sqrt_price)
        await self.chain.mine(Tx(self.chain.accounts[0], self.at.pools, data, gas=MANY))

    async def slot0(self, key: Key, block: str = "latest") -> tuple[int, int, int, int]:
        """Return sqrtPriceX96, tick, the protocol's fee and the liquidity providers'."""
        types = "(uint160,int24,uint24,uint24)"
        return await self.chain.view(self.at.view, types, "getSlot0(bytes32)", key.raw, block=block)

    async def position(self, token_id: int, block: str = "latest") -> Position:
        found = await self.chain.view(
            self.at.positions, f"({KEY},uint256)", "getPoolAndPositionInfo(uint256)", token_id, block=block
        )
        (liquidity,) = await self.chain.view(
            self.at.positions, "(uint128)", "getPositionLiquidity(uint256)", token_id, block=block
        )
        (token0, token1, fee, spacing, hook), info = found
        key = Key(address_of(token0), address_of(token1), fee, spacing, address_of(hook))
        ticks = [int.from_bytes((info >> bits & 0xFFFFFF).to_bytes(3), signed=True) for bits in (8, 32)]
        return Position(key, ticks[0], ticks[1], liquidity)

    async def open(self, owner: Address, key: Key, ticks: tuple[int, int], amounts: tuple[int, int]) -> int:
        """Open a position in a block of its own and give its id."""
        low, high = (sqrt_ratio_at_tick(tick) for tick in ticks)
        liquidity = liquidity_for_amounts((await self.slot0(key))[0], low, high, *amounts)
        (token_id,) = await self.chain.view(self.at.positions, "(uint256)", "nextTokenId()")
        await self.chain.mine(self.mint(owner, key, ticks, liquidity))
        return int(token_id)

    def mint(self, owner: Address, key: Key, ticks: tuple[int, int], liquidity: int) -> Tx:
        types = [KEY, "int24", "int24", "uint256", "uint128", "uint128", "address", "bytes"]
        params = encode(types, [key.words, *ticks, liquidity, MOST, MOST, owner, b""])
        return self._change(owner, _settled(key, (MINT, params), owner), pays=key.token0 == NATIVE)

    def increase(self, owner: Address, key: Key, token_id: int, liquidity: int) -> Tx:
        params = encode(["uint256", "uint256", "uint128", "uint128", "bytes"], [token_id, liquidity, MOST, MOST, b""])
        return self._change(owner, _settled(key, (INCREASE, params), owner), pays=key.token0 == NATIVE)

    def decrease(self, owner: Address, key: Key, token_id: int, liquidity: int) -> Tx:
        """Take liquidity and all fees out; 0 takes the fees alone."""
        return self._change(owner, taken(key, token_id, liquidity, owner))

    def burn(self, owner: Address, key: Key, token_id: int) -> Tx:
        """Take everything out and burn the token."""
        params = encode(["uint256", "uint128", "uint128", "bytes"], [token_id, 0, 0, b""])
        return self._change(owner, _unlocked((BURN, params), (TAKE_PAIR, _pair(key, owner))))

    def give(self, owner: Address, to: Address, token_id: int) -> Tx:
        data = calldata("transferFrom(address,address,uint256)", owner, to, token_id)
        return Tx(owner, self.at.positions, data)

    def swap(self, trader: Address, key: Key, amount: int, limit: int, *, zero_for_one: bool) -> Tx:
        """Swap an exact input up to a price."""
        signature = f"swap({KEY},(bool,int256,uint160),(bool,bool),bytes)"
        data = calldata(signature, key.words, (zero_for_one, -amount, limit), (False, False), b"")
        value = amount if zero_for_one and key.token0 == NATIVE else 0
        return Tx(trader, self.at.router, data, value=value, gas=MANY)

    def donate(self, giver: Address, key: Key, amounts: tuple[int, int]) -> Tx:
        data = calldata(f"donate({KEY},uint256,uint256,bytes)", key.words, *amounts, b"")
        return Tx(giver, self.at.donor, data, value=amounts[0] if key.token0 == NATIVE else 0, gas=MANY)

    def protocol_fee(self, key: Key, zero_for_one: int, one_for_zero: int) -> Tx:
        """Set what the protocol takes, hundredths of a basis point."""
        data = calldata(f"setProtocolFee({KEY},uint24)", key.words, one_for_zero << 12 | zero_for_one)
        return Tx(self.chain.accounts[0], self.at.pools, data)

    def dynamic_fee(self, key: Key, fee: int) -> Tx:
        return Tx(key.hook, self.at.pools, calldata(f"updateDynamicLPFee({KEY},uint24)", key.words, fee))

    async def pays(self, owner: Address, key: Key, token_id: int, liquidity: int, block: str = "latest") -> Payout:
        """Ask the contracts what taking everything out pays, and what of it are fees: calls by the owner, not sent."""
        fees = await self.total(owner, key, token_id, 0, block)
        total = await self.total(owner, key, token_id, liquidity, block)
        return Payout(total[0] - fees[0], total[1] - fees[1], *total)

    async def total(
        self, owner: Address, key: Key, token_id: int, liquidity: int, block: str = "latest"
    ) -> tuple[int, int]:
        """Ask what taking liquidity out pays, fees included."""
        change = taken(key, token_id, liquidity, owner)
        data = calldata("paid(address,bytes,address[2])", self.at.positions, change, (key.token0, key.token1))
        request = {"from": self.chain.accounts[9], "to": owner, "data": f"0x{data.hex()}", "gas": hex(MANY // 4)}
        answer = await self.chain.static_call(request, block, {owner: {"code": self.at.purse}})
        return decoded("(uint256,uint256)", answer)

    def growth_slots(self, key: Key) -> tuple[int, int]:
        """Return the storage slots of a pool's fee growth: the second and third of its state."""
        state = int.from_bytes(keccak(key.raw + POOLS_SLOT.to_bytes(32)))
        return state + 1, state + 2

    def _change(self, owner: Address, unlocked: bytes, *, pays: bool = False) -> Tx:
        data = calldata("modifyLiquidities(bytes,uint256)", unlocked, MAX_UINT256)
        return Tx(owner, self.at.positions, data, value=10**27 if pays else 0, gas=MANY)


def taken(key: Key, token_id: int, liquidity: int, to: Address) -> bytes:
    params = encode(["uint256", "uint256", "uint128", "uint128", "bytes"], [token_id, liquidity, 0, 0, b""])
    return _unlocked((DECREASE, params), (TAKE_PAIR, _pair(key, to)))


def _settled(key: Key, action: tuple[int, bytes], owner: Address) -> bytes:
    """Pay what an action owes; what was sent too much of the chain's own coin comes back."""
    close = [(CLOSE, encode(["address"], [token])) for token in (key.token0, key.token1)]
    return _unlocked(action, *close, (SWEEP, encode(["address", "address"], [NATIVE, owner])))


def _unlocked(*actions: tuple[int, bytes]) -> bytes:
    return encode(["bytes", "bytes[]"], [bytes(kind for kind, _ in actions), [params for _, params in actions]])


def _pair(key: Key, to: Address) -> bytes:
    return encode(["address", "address", "address"], [key.token0, key.token1, to])
