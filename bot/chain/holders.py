"""Who holds a position now: a contract may hold it for its owner, a wallet has it for itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from bot.chain import json_rpc
from bot.chain.client import RpcClient
from bot.core.snapshot import BlockStamp, MovedPosition
from bot.core.types import Address

_DELEGATES: Final = bytes.fromhex("ef0100")
"""The prefix of the code of a wallet that delegates to a contract."""


class Holders:
    """Tells contracts from wallets; that an account is a contract is asked once, that it is none each time."""

    def __init__(self, client: RpcClient) -> None:
        self._client = client
        self._contracts: set[Address] = set()

    async def with_contracts(self, moved: Iterable[MovedPosition], block: BlockStamp) -> tuple[MovedPosition, ...]:
        """Return those that a contract holds.

        Raises:
            Retryable: no endpoint answered.
        """
        return tuple([item for item in moved if await self._is_contract(item.holder, block)])

    async def _is_contract(self, account: Address, block: BlockStamp) -> bool:
        """Return whether an account is a contract; one that delegates (EIP-7702) counts as a wallet."""
        if account not in self._contracts:
            code = await self._client.request("eth_getCode", [account, hex(block.number)], json_rpc.data)
            if not code or code.startswith(_DELEGATES):
                return False
            self._contracts.add(account)
        return True
