"""Aerodrome's pools on a local chain: real factory, pools, router and gauges; the rest of its protocol is ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

from bot.core.types import Address
from bot.demo.chain import Erc20, LocalChain, by_address
from bot.demo.contracts import compiled, node_modules, own_code
from bot.demo.tx import MAX_UINT256, MUCH_GAS, NOWHERE, Tx, address_of, calldata, mapping_slot

_SOURCES: Final = "sphere-mezo-solidity-files/domains/aerodrome/contracts"
_BALANCES_SLOT: Final = 0
"""Where OpenZeppelin's ERC-20 keeps ``_balances``."""
_ROUTE: Final = "(address,address,bool,address)"
_REWARDS: Final = 10**23
"""Raw units, until the end of the week."""


def _real(path: str) -> bytes:
    return compiled(node_modules() / _SOURCES / path)


@dataclass(frozen=True, slots=True)
class Solidly:
    """The factory, its pools and gauges, and the router."""

    chain: LocalChain
    factory: Address
    voter: Address
    router: Address
    reward: Erc20

    @classmethod
    async def deploy(cls, chain: LocalChain) -> Self:
        """Deploy everything."""
        reward = await chain.deploy_token("AERO", 18)
        voter = await chain.create(own_code("Voter"), "(address)", reward.address)
        return await cls.under(chain, voter, voter, reward)

    @classmethod
    async def under(cls, chain: LocalChain, voter: Address, stage: Address, reward: Erc20) -> Self:
        """Deploy what is the pools' own, under a voter; ``stage`` stands for the rest that they are built on."""
        owner = chain.accounts[0]
        pool = await chain.create(_real("Pool.sol"))
        factory = await chain.create(_real("factories/PoolFactory.sol"), "(address)", pool)
        gauges = await chain.create(_real("factories/GaugeFactory.sol"))
        types = "(address,address,address,address,address)"
        weth = chain.at.weth.address
        router = await chain.create(_real("Router.sol"), types, NOWHERE, stage, factory, voter, weth)
        await chain.mine(
            Tx(owner, factory, calldata("setVoter(address)", voter)),
            Tx(owner, stage, calldata("setGaugeFactory(address)", gauges)),
        )
        return cls(chain, factory, voter, router, reward)

    async def create_pool(self, tokens: tuple[Erc20, Erc20], *, stable: bool) -> Address:
        """Create an empty pool."""
        args = (tokens[0].address, tokens[1].address, stable)
        await self.chain.mine(
            Tx(self.chain.accounts[0], self.factory, calldata("createPool(address,address,bool)", *args), gas=MUCH_GAS)
        )
        found = await self.chain.view(self.factory, "(address)", "getPool(address,address,bool)", *args)
        return address_of(found[0])

    async def gauge(self, pool: Address) -> Address:
        """Open a pool's gauge."""
        owner = self.chain.accounts[0]
        await self.chain.mine(Tx(owner, self.voter, calldata("createGauge(address)", pool), gas=MUCH_GAS))
        return address_of((await self.chain.view(self.voter, "(address)", "gauges(address)", pool))[0])

    def pay(self, gauge: Address, amount: int) -> Tx:
        """Pay a gauge rewards until the end of the week."""
        return Tx(self.chain.accounts[0], self.voter, calldata("pay(address,uint256)", gauge, amount), gas=MUCH_GAS)

    def add(self, owner: Address, pool: Address, tokens: tuple[Erc20, Erc20], amounts: tuple[int, int]) -> list[Tx]:
        """Add liquidity; what does not fit the ratio stays in the pool for all."""
        paid = [
            self.chain.transfer(owner, token.address, pool, raw) for token, raw in zip(tokens, amounts, strict=True)
        ]
        return [*paid, Tx(owner, pool, calldata("mint(address)", owner))]

    def remove(self, owner: Address, pool: Address, liquidity: int) -> list[Tx]:
        """Burn LP tokens; the tokens go to the owner."""
        return [self.chain.transfer(owner, pool, pool, liquidity), Tx(owner, pool, calldata("burn(address)", owner))]

    def claim(self, owner: Address, pool: Address) -> Tx:
        """Take the fees."""
        return Tx(owner, pool, calldata("claimFees()"))

    async def swap(self, trader: Address, pool: Address, token: Erc20, amount: int, *, zero_for_one: bool) -> list[Tx]:
        """Swap an exact input for what the pool itself says that it gives."""
        said = await self.chain.view(pool, "(uint256)", "getAmountOut(uint256,address)", amount, token.address)
        out = (0, said[0]) if zero_for_one else (said[0], 0)
        data = calldata("swap(uint256,uint256,address,bytes)", *out, trader, b"")
        return [self.chain.transfer(trader, token.address, pool, amount), Tx(trader, pool, data)]

    def stake(self, owner: Address, pool: Address, gauge: Address, liquidity: int) -> list[Tx]:
        """Stake LP tokens."""
        return [
            Tx(owner, pool, calldata("approve(address,uint256)", gauge, liquidity)),
            Tx(owner, gauge, calldata("deposit(uint256)", liquidity)),
        ]

    def unstake(self, owner: Address, gauge: Address, liquidity: int) -> Tx:
        """Take LP tokens back out of a gauge."""
        return Tx(owner, gauge, calldata("withdraw(uint256)", liquidity))

    async def reserves(self, pool: Address, block: str = "latest") -> tuple[int, int]:
        """Return the stored reserves of token0 and token1."""
        found = await self.chain.view(pool, "(uint256,uint256,uint256)", "getReserves()", block=block)
        return found[0], found[1]

    async def burn_pays(self, pool: Address, liquidity: int, block: str = "latest") -> tuple[int, int]:
        """Ask the pool what ``burn`` pays where it holds these LP tokens, as after their transfer."""
        slot = f"0x{mapping_slot(int(pool, 16), _BALANCES_SLOT):064x}"
        overrides: dict[str, object] = {pool: {"stateDiff": {slot: f"0x{liquidity:064x}"}}}
        data = "0x" + calldata("burn(address)", self.chain.accounts[0]).hex()
        answer = await self.chain.static_call({"to": pool, "data": data}, block, overrides)
        return int.from_bytes(answer[:32]), int.from_bytes(answer[32:64])

    async def claim_pays(self, pool: Address, owner: Address, block: str = "latest") -> tuple[int, int]:
        """Ask the pool what ``claimFees`` pays."""
        paid = await self.chain.view(pool, "(uint256,uint256)", "claimFees()", sender=owner, block=block)
        return paid[0], paid[1]

    def reap(self, owner: Address, gauge: Address) -> Tx:
        """Take what a gauge owes its owner."""
        return Tx(owner, gauge, calldata("getReward(address)", owner))

    async def rewards(self, gauge: Address, owners: Sequence[Address], block: str) -> int:
        """Ask what ``getReward`` pays them at a block's own time: what they have more by it."""
        reward = self.reward.address
        return sum([await self.chain.more_by(self.reap(owner, gauge), reward, block) for owner in owners])


class SolidlyPair:
    """Implements FullRangePool: a volatile pool, and its gauge."""

    protocol = "solidly"
    word = "Solidly"
    has_farm = True

    def __init__(self, contracts: Solidly, address: Address, gauge: Address) -> None:
        self._chain, self._solidly, self._gauge = contracts.chain, contracts, gauge
        self.tokens = by_address(contracts.chain.at.wbtc, contracts.chain.at.weth)
        self.address = address

    @classmethod
    async def deploy(cls, chain: LocalChain) -> Self:
        """Deploy the contracts, the pool and its gauge, which pays rewards."""
        solidly = await Solidly.deploy(chain)
        pool = await solidly.create_pool((chain.at.wbtc, chain.at.weth), stable=False)
        gauge = await solidly.gauge(pool)
        await chain.mine(solidly.pay(gauge, _REWARDS))
        return cls(solidly, pool, gauge)

    def deployment(self) -> Mapping[str, object]:
        """Return its table in the daemon's configuration."""
        return {"pools": [self.address]}

    async def allow(self, account: Address) -> None:
        """Let the router take an account's tokens."""
        approve = calldata("approve(address,uint256)", self._solidly.router, MAX_UINT256)
        await self._chain.mine(*(Tx(account, token.address, approve) for token in self.tokens))

    def add(self, owner: Address, amounts: tuple[int, int]) -> Tx:
        """Add liquidity."""
        signature = "addLiquidity(address,address,bool,uint256,uint256,uint256,uint256,address,uint256)"
        pair = (self.tokens[0].address, self.tokens[1].address, False)
        return Tx(owner, self._solidly.router, calldata(signature, *pair, *amounts, 0, 0, owner, MAX_UINT256))

    def remove(self, owner: Address, liquidity: int) -> Sequence[Tx]:
        """Burn LP tokens, and take the fees."""
        return [*self._solidly.remove(owner, self.address, liquidity), self._solidly.claim(owner, self.address)]

    def stake(self, owner: Address, liquidity: int) -> Sequence[Tx]:
        """Stake LP tokens."""
        return self._solidly.stake(owner, self.address, self._gauge, liquidity)

    def unstake(self, owner: Address, liquidity: int) -> Sequence[Tx]:
        """Take LP tokens back, and what they have earned."""
        return [self._solidly.unstake(owner, self._gauge, liquidity), self._solidly.reap(owner, self._gauge)]

    def swap(self, trader: Address, amount_in: int, *, zero_for_one: bool) -> Tx:
        """Swap an exact input."""
        sold, bought = self.tokens if zero_for_one else self.tokens[::-1]
        route = (sold.address, bought.address, False, self._solidly.factory)
        signature = f"swapExactTokensForTokens(uint256,uint256,{_ROUTE}[],address,uint256)"
        return Tx(trader, self._solidly.router, calldata(signature, amount_in, 0, [route], trader, MAX_UINT256))

    async def reserves(self, block: str = "latest") -> tuple[int, int]:
        """Return the stored reserves."""
        return await self._solidly.reserves(self.address, block)

    async def held(self, owner: Address) -> tuple[int, int]:
        """Return an owner's LP tokens, and those that are staked."""
        return await self._chain.balance(self.address, owner), await self._chain.balance(self._gauge, owner)

    async def pays(self, owner: Address) -> tuple[int, int]:
        """Ask the pool what burning everything and claiming the fees pays now."""
        burned = await self._solidly.burn_pays(self.address, sum(await self.held(owner)))
        fees = await self._solidly.claim_pays(self.address, owner)
        return burned[0] + fees[0], burned[1] + fees[1]
