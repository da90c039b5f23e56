"""Blocks of a local chain: made of transactions, in their order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from bot.core.errors import DnbotError
from bot.core.types import Address, BlockHash
from bot.demo.rpc import Rpc, RpcError
from bot.demo.tx import Tx, address_of

BLOCK_SECONDS: Final = 12


class RevertedError(DnbotError):
    """A transaction or call that should have succeeded was reverted."""


@dataclass(frozen=True, slots=True)
class Block:
    """A mined block; ``receipts`` as JSON-RPC gives them, in the order of the transactions."""

    number: int
    hash: BlockHash
    timestamp: datetime
    receipts: tuple[Mapping[str, Any], ...]

    @property
    def created(self) -> tuple[Address, ...]:
        """The contracts that its transactions created directly."""
        return tuple(address_of(r["contractAddress"]) for r in self.receipts if r["contractAddress"])


async def mine(rpc: Rpc, *txs: Tx, timestamp: datetime | None = None, may_revert: bool = False) -> Block:
    """Mine one block with these transactions, in this order.

    Args:
        rpc: an entered client of a node that mines on demand only.
        txs: what to mine; nothing mines an empty block.
        timestamp: the block's time (aware, whole seconds); `BLOCK_SECONDS` after its parent if not given.
        may_revert: let reverted transactions pass; each receipt's ``status`` tells.

    Raises:
        RevertedError: a transaction was reverted, or did not fit.
    """
    if timestamp is None:
        parent = await rpc.call("eth_getBlockByNumber", "latest", False)
        seconds = int(parent["timestamp"], 16) + BLOCK_SECONDS
    else:
        seconds = int(timestamp.timestamp())
    await send(rpc, *txs)
    await rpc.call("evm_mine", seconds)
    receipts, block = await rpc.batch(
        [("eth_getBlockReceipts", ["latest"]), ("eth_getBlockByNumber", ["latest", False])]
    )
    if len(receipts) < len(txs):
        raise RevertedError(f"only {len(receipts)} of {len(txs)} transactions fitted into the block")
    failed = [number for number, receipt in enumerate(receipts) if receipt["status"] != "0x1"]
    if failed and not may_revert:
        raise RevertedError(await _reasons(rpc, [number - len(receipts) + len(txs) for number in failed], txs))
    at = datetime.fromtimestamp(int(block["timestamp"], 16), UTC)
    return Block(int(block["number"], 16), BlockHash(block["hash"]), at, tuple(receipts))


async def send(rpc: Rpc, *txs: Tx) -> None:
    """Queue transactions for the next block, in this order (the node takes them first in, first out)."""
    senders = list(dict.fromkeys(tx.sender for tx in txs))
    counts = await rpc.batch([("eth_getTransactionCount", [sender, "pending"]) for sender in senders])
    nonces = {sender: int(count, 16) for sender, count in zip(senders, counts, strict=True)}
    requests = []
    for tx in txs:
        requests.append(("eth_sendTransaction", [request_of(tx) | {"nonce": hex(nonces[tx.sender])}]))
        nonces[tx.sender] += 1
    await rpc.batch(requests)


def request_of(tx: Tx) -> dict[str, str]:
    """Return a transaction as JSON-RPC takes it."""
    to = {"to": tx.to} if tx.to else {}
    return {
        "from": tx.sender,
        "data": hexed(tx.data),
        "value": hex(tx.value),
        "gas": hex(tx.gas),
        "gasPrice": "0x0",
        **to,
    }


async def _reasons(rpc: Rpc, failed: Sequence[int], txs: Sequence[Tx]) -> str:
    """Return why, by calling once more on the state after the block: nearly always the same reason."""
    said = [f"{sum(number < 0 for number in failed)} transactions queued earlier"] if failed[0] < 0 else []
    for tx in (txs[number] for number in failed if number >= 0):
        try:
            await rpc.call("eth_call", request_of(tx), "latest")
            reason = "would pass after the block"
        except RpcError as error:
            reason = str(error)
        said.append(f"{tx.sender} to {tx.to} with 0x{tx.data[:4].hex()}: {reason}")
    return "reverted: " + "; ".join(said)


def hexed(data: bytes) -> str:
    """Return bytes as JSON-RPC takes them."""
    return "0x" + data.hex()
