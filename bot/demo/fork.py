"""What forks of Uniswap V3 have in common on the local chain: contracts of their own, and one that swaps."""

from __future__ import annotations

from collections.abc import Iterable

from bot.core.types import Address
from bot.demo.chain import Erc20, LocalChain
from bot.demo.tx import MAX_UINT256, MUCH_GAS, Tx, calldata
from bot.demo.uniswap_v3 import PoolKey, UniswapV3


class Fork(UniswapV3):
    """A factory, its pools and the position manager."""

    def __init__(self, chain: LocalChain, factory: Address, manager: Address, trader: Address) -> None:
        super().__init__(chain)
        self.factory = self._factory = factory
        self.manager = self._npm = manager
        self.trader = trader
        """Swaps for everybody, and pays from what it holds."""

    async def allow(self, account: Address, tokens: Iterable[Erc20]) -> None:
        """Let the manager take an account's tokens, and give the trader a tenth of them."""
        for token in tokens:
            approve = Tx(account, token.address, calldata("approve(address,uint256)", self.manager, MAX_UINT256))
            amount = await self._chain.balance(token.address, account) // 10
            await self._chain.mine(approve, self._chain.transfer(account, token.address, self.trader, amount))

    def trade(self, pool: Address, amount: int, limit: int, *, zero_for_one: bool) -> Tx:
        """Swap an exact input up to a price."""
        data = calldata("swap(address,bool,int256,uint160)", pool, zero_for_one, amount, limit)
        return Tx(self._chain.accounts[0], self.trader, data, gas=MUCH_GAS)

    def swap(self, trader: Address, key: PoolKey, amount_in: int, *, zero_for_one: bool, limit: int = 0) -> Tx:
        """Refuse: there is no router."""
        raise NotImplementedError("there is no router: use `trade`")
