"""Uniswap V2 on the local chain: transactions to mine, and what the contracts themselves say. Amounts are raw units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Self

from bot.core.types import Address
from bot.demo.chain import LocalChain, by_address
from bot.demo.tx import MAX_UINT256, Tx, address_of, calldata, mapping_slot

_LP_BALANCES_SLOT: Final = 1
"""``balanceOf`` of UniswapV2ERC20: totalSupply is slot 0."""


class UniswapV2:
    """The V2 factory, its pairs and the router."""

    def __init__(self, chain: LocalChain) -> None:
        self._chain = chain

    async def create_pair(self, token_a: Address, token_b: Address) -> Address:
        """Create a pair in a block of its own."""
        chain = self._chain
        data = calldata("createPair(address,address)", token_a, token_b)
        await chain.mine(Tx(chain.accounts[0], chain.at.v2_factory, data))
        return await self.pair(token_a, token_b)

    async def pair(self, token_a: Address, token_b: Address) -> Address:
        """Return the pair of two tokens; the zero address where there is none."""
        at = self._chain.at.v2_factory
        found = await self._chain.view(at, "(address)", "getPair(address,address)", token_a, token_b)
        return address_of(found[0])

    def add(self, owner: Address, token_a: Address, token_b: Address, amount_a: int, amount_b: int) -> Tx:
        """Add liquidity through the router, which takes at most these amounts, in the pool's ratio."""
        data = calldata(
            "addLiquidity(address,address,uint256,uint256,uint256,uint256,address,uint256)",
            *(token_a, token_b, amount_a, amount_b, 0, 0, owner, MAX_UINT256),
        )
        return Tx(owner, self._chain.at.v2_router, data)

    def remove(self, owner: Address, pair: Address, liquidity: int) -> tuple[Tx, Tx]:
        """Burn LP tokens; the tokens go to the owner."""
        return self._chain.transfer(owner, pair, pair, liquidity), Tx(owner, pair, calldata("burn(address)", owner))

    def swap(self, trader: Address, token_in: Address, token_out: Address, amount_in: int) -> Tx:
        """Swap an exact input; 0.3% fee."""
        data = calldata(
            "swapExactTokensForTokens(uint256,uint256,address[],address,uint256)",
            *(amount_in, 0, [token_in, token_out], trader, MAX_UINT256),
        )
        return Tx(trader, self._chain.at.v2_router, data)

    async def reserves(self, pair: Address, block: str = "latest") -> tuple[int, int]:
        """Return the stored reserves of token0 and token1."""
        found = await self._chain.view(pair, "(uint112,uint112,uint32)", "getReserves()", block=block)
        return found[0], found[1]

    async def burn_pays(self, pair: Address, liquidity: int, block: str = "latest") -> tuple[int, int]:
        """Ask the pair what ``burn`` of so many LP tokens would pay now (token0, token1).

        A static call of ``burn`` on a state in which the pair holds these LP tokens, as it would after the transfer.
        """
        slot = f"0x{mapping_slot(int(pair, 16), _LP_BALANCES_SLOT):064x}"
        overrides: dict[str, object] = {pair: {"stateDiff": {slot: f"0x{liquidity:064x}"}}}
        data = "0x" + calldata("burn(address)", self._chain.accounts[0]).hex()
        answer = await self._chain.static_call({"to": pair, "data": data}, block, overrides)
        return int.from_bytes(answer[:32]), int.from_bytes(answer[32:64])


class V2Pair:
    """Implements FullRangePool; its contracts stand on every local chain."""

    protocol = "uniswap_v2"
    word = "V2"
    has_farm = False

    def __init__(self, chain: LocalChain, address: Address) -> None:
        self._chain, self._v2 = chain, UniswapV2(chain)
        self.tokens = by_address(chain.at.wbtc, chain.at.weth)
        self.address = address

    @classmethod
    async def deploy(cls, chain: LocalChain) -> Self:
        """Create the pair."""
        return cls(chain, await UniswapV2(chain).create_pair(chain.at.wbtc.address, chain.at.weth.address))

    def deployment(self) -> Mapping[str, object]:
        """Return its table in the daemon's configuration."""
        return {"pairs": [self.address]}

    async def allow(self, account: Address) -> None:
        """Do nothing: the chain's ``fund`` lets the router take tokens."""

    def add(self, owner: Address, amounts: tuple[int, int]) -> Tx:
        """Add liquidity."""
        return self._v2.add(owner, self.tokens[0].address, self.tokens[1].address, *amounts)

    def remove(self, owner: Address, liquidity: int) -> Sequence[Tx]:
        """Burn LP tokens."""
        return self._v2.remove(owner, self.address, liquidity)

    def stake(self, owner: Address, liquidity: int) -> Sequence[Tx]:
        """Do nothing: there is no farm."""
        del owner, liquidity
        return []

    unstake = stake

    def swap(self, trader: Address, amount_in: int, *, zero_for_one: bool) -> Tx:
        """Swap an exact input."""
        sold, bought = self.tokens if zero_for_one else self.tokens[::-1]
        return self._v2.swap(trader, sold.address, bought.address, amount_in)

    async def reserves(self, block: str = "latest") -> tuple[int, int]:
        """Return the stored reserves."""
        return await self._v2.reserves(self.address, block)

    async def held(self, owner: Address) -> tuple[int, int]:
        """Return an owner's LP tokens; none are staked."""
        return await self._chain.balance(self.address, owner), 0

    async def pays(self, owner: Address) -> tuple[int, int]:
        """Ask the pair what burning everything pays now."""
        return await self._v2.burn_pays(self.address, sum(await self.held(owner)))
