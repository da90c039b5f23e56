"""The real Voter of Aerodrome over pools and gauges; what it asks of the rest of the protocol is ``VoterStage.sol``."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Self

from bot.core.types import Address
from bot.demo.chain import Erc20, LocalChain
from bot.demo.contracts import compiled, node_modules
from bot.demo.slipstream import Slipstream
from bot.demo.solidly import Solidly
from bot.demo.tx import MUCH_GAS, NOWHERE, Tx, address_of, calldata

_STAGE: Final = Path(__file__).with_name("VoterStage.sol")
_VOTER: Final = "sphere-mezo-solidity-files/domains/aerodrome/contracts/Voter.sol"


async def voter_on(chain: LocalChain, stage: Address) -> Address:
    """Deploy the voter; its governor and council is the first account."""
    code = compiled(node_modules() / _VOTER)
    voter = await chain.create(code, "(address,address,address)", NOWHERE, stage, stage)
    await chain.mine(Tx(chain.accounts[0], voter, calldata("initialize(address[],address)", [], stage)))
    return voter


def kill(chain: LocalChain, voter: Address, gauge: Address) -> Tx:
    """Kill a gauge."""
    return Tx(chain.accounts[0], voter, calldata("killGauge(address)", gauge))


def revive(chain: LocalChain, voter: Address, gauge: Address) -> Tx:
    """Bring a killed gauge back."""
    return Tx(chain.accounts[0], voter, calldata("reviveGauge(address)", gauge))


async def gauge_of(chain: LocalChain, voter: Address, factory: Address, pool: Address) -> Address:
    """Open a pool's gauge."""
    data = calldata("createGauge(address,address)", factory, pool)
    await chain.mine(Tx(chain.accounts[0], voter, data, gas=MUCH_GAS))
    return address_of((await chain.view(voter, "(address)", "gauges(address)", pool))[0])


async def _stage(chain: LocalChain) -> tuple[Address, Address, Erc20]:
    """Deploy the voter, what it stands on, and the token of rewards."""
    reward = await chain.deploy_token("AERO", 18)
    stage = await chain.create(compiled(_STAGE), "(address)", reward.address)
    return await voter_on(chain, stage), stage, reward


class VotedSlipstream(Slipstream):
    """Slipstream under the real voter."""

    @classmethod
    async def deploy(cls, chain: LocalChain) -> Self:
        """Deploy everything."""
        return await cls.under(chain, *await _stage(chain))

    async def gauge(self, pool: Address) -> Address:
        """Open a pool's gauge."""
        return await gauge_of(self._chain, self.voter, self.factory, pool)


async def voted_solidly(chain: LocalChain) -> Solidly:
    """Deploy Solidly's pools under the real voter."""
    return await Solidly.under(chain, *await _stage(chain))
