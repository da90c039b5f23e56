"""Uniswap V4 on a local chain, and what only its governance, a hook or a giver does."""

from __future__ import annotations

from typing import Final

from eth_utils.crypto import keccak

from bot.core.types import Address
from bot.demo.contracts import artifact_code
from bot.demo.tx import MAX_UINT256, MUCH_GAS, Tx, address_of, arguments, calldata
from bot.demo.uniswap_v4 import KEY, NATIVE, Key, UniswapV4

DYNAMIC: Final = 0x800000
HARMLESS_HOOK: Final = address_of("0x" + "00" * 16 + "beef4000")
"""An address without permissions: it is never called, and sets the fee of a pool with a dynamic one."""
POOLS_SLOT: Final = 6


def extra_code(name: str) -> bytes:
    """Return the creation code of a contract that the package has for its own tests."""
    return artifact_code(f"@uniswap/v4-core/out/{name}.sol/{name}.json")


class Governed(UniswapV4):
    """The deployment, whose protocol fee the first account may set."""

    async def govern(self) -> None:
        owner = self.chain.accounts[0]
        await self.chain.mine(Tx(owner, self.at.pools, calldata("setProtocolFeeController(address)", owner)))

    def protocol_fee(self, key: Key, zero_for_one: int, one_for_zero: int) -> Tx:
        """Set what the protocol takes, hundredths of a basis point."""
        data = calldata(f"setProtocolFee({KEY},uint24)", key.words, one_for_zero << 12 | zero_for_one)
        return Tx(self.chain.accounts[0], self.at.pools, data)

    def dynamic_fee(self, key: Key, fee: int) -> Tx:
        return Tx(key.hook, self.at.pools, calldata(f"updateDynamicLPFee({KEY},uint24)", key.words, fee))

    def growth_slots(self, key: Key) -> tuple[int, int]:
        """Return the storage slots of a pool's fee growth: the second and third of its state."""
        state = int.from_bytes(keccak(key.raw + POOLS_SLOT.to_bytes(32)))
        return state + 1, state + 2

    async def giver(self, account: Address, tokens: tuple[Address, ...]) -> Address:
        """Deploy what gives to pools, and let it take an account's tokens."""
        code = extra_code("PoolDonateTest") + arguments("(address)", self.at.pools)
        (made,) = (await self.chain.mine(Tx(account, None, code, gas=MUCH_GAS))).created
        approve = calldata("approve(address,uint256)", made, MAX_UINT256)
        await self.chain.mine(*(Tx(account, token, approve) for token in tokens if token != NATIVE))
        return made

    def donate(self, giver: Address, account: Address, key: Key, amounts: tuple[int, int]) -> Tx:
        data = calldata(f"donate({KEY},uint256,uint256,bytes)", key.words, *amounts, b"")
        return Tx(account, giver, data, value=amounts[0] if key.token0 == NATIVE else 0, gas=MUCH_GAS)
