"""Aerodrome's pools on a local chain: real factory, pools and gauges; the rest of its protocol is ours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bot.core.types import Address
from bot.demo.chain import Erc20, LocalChain
from bot.demo.contracts import compiled, node_modules
from bot.demo.tx import Tx, address_of, arguments, calldata, mapping_slot
from tests.protocols.contracts.compiling import SOLC, built

SOURCES: Final = "sphere-mezo-solidity-files/domains/aerodrome/contracts"
CONTRACTS: Final = Path(__file__).parent.parent / "contracts"
MANY: Final = 100_000_000
BALANCES_SLOT: Final = 0
"""Where OpenZeppelin's ERC-20 keeps ``_balances``."""
NO_FEE: Final = 420
"""What a pool's own fee is set to for none."""


def real(path: str) -> bytes:
    return built(node_modules() / SOURCES / path, compiler=SOLC, runs=200)


@dataclass(frozen=True, slots=True)
class Solidly:
    """The factory, its pools and gauges."""

    chain: LocalChain
    factory: Address
    voter: Address
    aero: Erc20

    @classmethod
    async def deploy(cls, chain: LocalChain) -> Solidly:
        owner = chain.accounts[0]

        async def create(code: bytes, types: str = "()", *args: object) -> Address:
            tx = Tx(owner, None, code + arguments(types, *args), gas=MANY)
            return (await chain.mine(tx)).created[0]

        aero = await chain.deploy_token("AERO", 18)
        voter = await create(compiled(CONTRACTS / "Voter.sol"), "(address)", aero.address)
        pool = await create(real("Pool.sol"))
        factory = await create(real("factories/PoolFactory.sol"), "(address)", pool)
        gauges = await create(real("factories/GaugeFactory.sol"))
        await chain.mine(
            Tx(owner, factory, calldata("setVoter(address)", voter)),
            Tx(owner, voter, calldata("setGaugeFactory(address)", gauges)),
        )
        return cls(chain, factory, voter, aero)

    async def create_pool(self, tokens: tuple[Erc20, Erc20], *, stable: bool) -> Address:
        args = (tokens[0].address, tokens[1].address, stable)
        await self.chain.mine(
            Tx(self.chain.accounts[0], self.factory, calldata("createPool(address,address,bool)", *args), gas=MANY)
        )
        found = await self.chain.view(self.factory, "(address)", "getPool(address,address,bool)", *args)
        return address_of(found[0])

    async def gauge(self, pool: Address) -> Address:
        """Open a pool's gauge."""
        owner = self.chain.accounts[0]
        await self.chain.mine(Tx(owner, self.voter, calldata("createGauge(address)", pool), gas=MANY))
        return address_of((await self.chain.view(self.voter, "(address)", "gauges(address)", pool))[0])

    def pay(self, gauge: Address, amount: int) -> Tx:
        """Pay a gauge rewards until the end of the week."""
        return Tx(self.chain.accounts[0], self.voter, calldata("pay(address,uint256)", gauge, amount), gas=MANY)

    def kill(self, gauge: Address) -> Tx:
        return Tx(self.chain.accounts[0], self.voter, calldata("kill(address)", gauge))

    def fee(self, pool: Address, basis_points: int) -> Tx:
        data = calldata("setCustomFee(address,uint256)", pool, basis_points)
        return Tx(self.chain.accounts[0], self.factory, data)

    def add(self, owner: Address, pool: Address, tokens: tuple[Erc20, Erc20], amounts: tuple[int, int]) -> list[Tx]:
        paid = [
            self.chain.transfer(owner, token.address, pool, raw) for token, raw in zip(tokens, amounts, strict=True)
        ]
        return [*paid, Tx(owner, pool, calldata("mint(address)", owner))]

    def remove(self, owner: Address, pool: Address, liquidity: int) -> list[Tx]:
        return [self.chain.transfer(owner, pool, pool, liquidity), Tx(owner, pool, calldata("burn(address)", owner))]

    def claim(self, owner: Address, pool: Address) -> Tx:
        return Tx(owner, pool, calldata("claimFees()"))

    async def swap(self, trader: Address, pool: Address, token: Erc20, amount: int, *, zero_for_one: bool) -> list[Tx]:
        """Swap an exact input for what the pool itself says that it gives."""
        said = await self.chain.view(pool, "(uint256)", "getAmountOut(uint256,address)", amount, token.address)
        out = (0, said[0]) if zero_for_one else (said[0], 0)
        data = calldata("swap(uint256,uint256,address,bytes)", *out, trader, b"")
        return [self.chain.transfer(trader, token.address, pool, amount), Tx(trader, pool, data)]

    def stake(self, owner: Address, pool: Address, gauge: Address, liquidity: int) -> list[Tx]:
        return [
            Tx(owner, pool, calldata("approve(address,uint256)", gauge, liquidity)),
            Tx(owner, gauge, calldata("deposit(uint256)", liquidity)),
        ]

    def unstake(self, owner: Address, gauge: Address, liquidity: int) -> Tx:
        return Tx(owner, gauge, calldata("withdraw(uint256)", liquidity))

    async def reserves(self, pool: Address) -> tuple[int, int]:
        found = await self.chain.view(pool, "(uint256,uint256,uint256)", "getReserves()")
        return found[0], found[1]

    async def burn_pays(self, pool: Address, liquidity: int, block: str = "latest") -> tuple[int, int]:
        """Ask the pool what ``burn`` pays where it holds these LP tokens, as after their transfer."""
        slot = f"0x{mapping_slot(int(pool, 16), BALANCES_SLOT):064x}"
        overrides: dict[str, object] = {pool: {"stateDiff": {slot: f"0x{liquidity:064x}"}}}
        data = "0x" + calldata("burn(address)", self.chain.accounts[0]).hex()
        answer = await self.chain.static_call({"to": pool, "data": data}, block, overrides)
        return int.from_bytes(answer[:32]), int.from_bytes(answer[32:64])

    async def claim_pays(self, pool: Address, owner: Address, block: str = "latest") -> tuple[int, int]:
        """Ask the pool what ``claimFees`` pays."""
        paid = await self.chain.view(pool, "(uint256,uint256)", "claimFees()", sender=owner, block=block)
        return paid[0], paid[1]

    async def rewards(self, gauge: Address, owners: Sequence[Address], block: str) -> int:
        """Ask what ``getReward`` pays them: what they have more by it, on a copy of the chain at this block's time."""
        chain, aero = self.chain, self.aero.address
        before, had = await chain.snapshot(), [await chain.balance(aero, owner) for owner in owners]
        await chain.rpc.call("anvil_setBlockTimestampInterval", 0)
        for owner in owners:
            await chain.queue(Tx(owner, gauge, calldata("getReward(address)", owner)))
        await chain.rpc.call("evm_mine")
        times = [(await chain.rpc.call("eth_getBlockByNumber", name, False))["timestamp"] for name in (block, "latest")]
        assert times[0] == times[1]
        found = sum([await chain.balance(aero, owner) for owner in owners]) - sum(had)
        await chain.revert(before)
        await chain.rpc.call("anvil_removeBlockTimestampInterval")
        return found
