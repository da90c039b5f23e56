"""A stranger on the demo's chain, who does what anybody may: gifts, odd tokens, pools at absurd prices; seeded."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import count
from typing import Final

from bot.core.types import Address
from bot.demo.chain import Erc20, LocalChain
from bot.demo.contracts import own_code
from bot.demo.scene import OWNER
from bot.demo.tx import MAX_UINT256, Tx, address_of, arguments, calldata, created_by
from bot.demo.uniswap_v3 import MAX_SQRT_PRICE, MIN_SQRT_PRICE, TICK_SPACING, PoolKey, UniswapV3, sqrt_price_x96

STRANGER: Final = Address("0x5555555555555555555555555555555555555555")
_SYMBOLS: Final = (
    *("WETH", "WBTC", "USDC", "ETH", "", "A" * 300, "\u202eHTEW", "<b>WETH</b>", "[red]USDC[/]", "a/b+#", "x\n\x1b[2J"),
)
_DECIMALS: Final = (0, 6, 8, 18, 77, 255)
_PRICES: Final = (MIN_SQRT_PRICE, MAX_SQRT_PRICE - 1, 1 << 96, 1 << 128, 1 << 64)
_MAX_TICK: Final = 887272
_PLENTY: Final = 2**70
_DUST: Final = {"WETH": 10**12, "USDC": 10**4}
"""Raw units that are worth a cent, of WETH and of USDC."""
_WIDE: Final = (-230_000, -170_000)
"""Ticks of every fee tier, so that a position of dust has liquidity at any price."""
_FAIR: Final = sqrt_price_x96(Fraction(2_000 * 10**6, 10**18))
"""About what a pool of WETH and USDC should say."""
_SKEWED: Final = (_FAIR * 3, _FAIR // 3, _FAIR * 1000, *_PRICES[:2])


@dataclass
class Stranger:
    """Queues up to two acts before a block; none of them touches the owner's own pools."""

    chain: LocalChain
    draw: random.Random
    done: list[str] = field(default_factory=list)
    _tokens: list[Erc20] = field(default_factory=list)
    _pools: list[PoolKey] = field(default_factory=list)
    _numbers: count[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.v3 = UniswapV3(self.chain)

    async def act(self) -> None:
        """Do something, or nothing."""
        for _ in range(self.draw.choice([0, 1, 2])):
            kinds: list[Callable[[], Sequence[Tx]]] = [self._token, self._skewed]
            if len(self._tokens) > 1:
                kinds += [self._pool, self._dust]
            if self._pools:
                kinds += [self._gift, self._gift, self._own]
            kind = self.draw.choice(kinds)
            await self.chain.queue(*kind())
            self.done.append(kind.__name__)
        held = await self.chain.balance(self.chain.at.v3_positions, STRANGER)
        if held:
            await self.chain.queue(*await self._pass_on(held))
            self.done.append("pass on")

    def _token(self) -> Sequence[Tx]:
        maker = address_of(f"0x{2**158 + next(self._numbers):040x}")
        symbol, decimals = self.draw.choice(_SYMBOLS), self.draw.choice(_DECIMALS)
        at = created_by(maker)
        self._tokens.append(Erc20(at, symbol, decimals))
        return [
            Tx(maker, None, own_code("Token") + arguments("(string,string,uint8)", symbol, symbol, decimals)),
            Tx(STRANGER, at, calldata("mint(address,uint256)", STRANGER, MAX_UINT256 // 4)),
            *(
                Tx(STRANGER, at, calldata("approve(address,uint256)", spender, MAX_UINT256))
                for spender in (self.chain.at.v2_router, self.chain.at.v3_positions)
            ),
        ]

    def _pool(self) -> Sequence[Tx]:
        one, other = self.draw.sample(self._tokens, 2)
        key = PoolKey.of(one.address, other.address, self.draw.choice([100, 500, 3000, 10000]))
        if key in self._pools:
            return []
        self._pools.append(key)
        signature = "createAndInitializePoolIfNecessary(address,address,uint24,uint160)"
        price = self.draw.choice(_PRICES)
        return [
            Tx(STRANGER, self.chain.at.v3_positions, calldata(signature, key.token0, key.token1, key.fee, price)),
            self.chain.transfer(STRANGER, one.address, OWNER, self.draw.randrange(2**64)),
        ]

    def _skewed(self) -> Sequence[Tx]:
        """Give the owner dust in a genuine pair, in a fee tier that nobody uses, at a price far off the market."""
        weth, usdc, manager = self.chain.at.weth, self.chain.at.usdc, self.chain.at.v3_positions
        key = PoolKey.of(weth.address, usdc.address, self.draw.choice([100, 10000]))
        signature = "createAndInitializePoolIfNecessary(address,address,uint24,uint160)"
        rich, price = self.chain.accounts[-1], self.draw.choice(_SKEWED)
        return [
            Tx(rich, weth.address, calldata("deposit()"), value=_DUST["WETH"]),
            self.chain.transfer(rich, weth.address, STRANGER, _DUST["WETH"]),
            Tx(STRANGER, usdc.address, calldata("mint(address,uint256)", STRANGER, _DUST["USDC"])),
            *(
                Tx(STRANGER, token.address, calldata("approve(address,uint256)", manager, MAX_UINT256))
                for token in (weth, usdc)
            ),
            Tx(STRANGER, manager, calldata(signature, key.token0, key.token1, key.fee, price)),
            self._mint(OWNER, key, _WIDE, (_DUST["WETH"], _DUST["USDC"])),
        ]

    def _mint(self, receiver: Address, key: PoolKey, ticks: tuple[int, int], most: tuple[int, int]) -> Tx:
        signature = "mint((address,address,uint24,int24,int24,uint256,uint256,uint256,uint256,address,uint256))"
        params = (key.token0, key.token1, key.fee, *ticks, *most, 0, 0, receiver, MAX_UINT256)
        return Tx(STRANGER, self.chain.at.v3_positions, calldata(signature, params))

    def _of_his_own(self, receiver: Address) -> Sequence[Tx]:
        key = self.draw.choice(self._pools)
        far = _MAX_TICK // TICK_SPACING[key.fee] * TICK_SPACING[key.fee]
        return [self._mint(receiver, key, (-far, far), (_PLENTY, _PLENTY))]

    def _gift(self) -> Sequence[Tx]:
        return self._of_his_own(OWNER)

    def _own(self) -> Sequence[Tx]:
        return self._of_his_own(STRANGER)

    def _dust(self) -> Sequence[Tx]:
        """Send the owner LP tokens of a worthless pair, by making it, and a little of an odd token."""
        one, other = self.draw.sample(self._tokens, 2)
        signature = "addLiquidity(address,address,uint256,uint256,uint256,uint256,address,uint256)"
        values = (one.address, other.address, 2**40, 2**40, 0, 0, OWNER, MAX_UINT256)
        return [
            Tx(STRANGER, self.chain.at.v2_router, calldata(signature, *values)),
            self.chain.transfer(STRANGER, one.address, OWNER, 1),
        ]

    async def _pass_on(self, held: int) -> Sequence[Tx]:
        """Give a position of one's own away, or burn it."""
        manager = self.chain.at.v3_positions
        (token_id,) = await self.chain.view(
            manager, "(uint256)", "tokenOfOwnerByIndex(address,uint256)", STRANGER, self.draw.randrange(held)
        )
        if self.draw.random() < 0.5:
            signature = "safeTransferFrom(address,address,uint256)"
            return [Tx(STRANGER, manager, calldata(signature, STRANGER, OWNER, token_id))]
        return [self.v3.close(STRANGER, token_id, (await self.v3.position(token_id)).liquidity)]
