"""A local chain with the real Uniswap contracts on it: blocks, tokens, time, and what only a test node can do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from bot.core.errors import DnbotError
from bot.core.types import Address, BlockHash
from bot.demo.contracts import creation_code, multicall3_code, token_code
from bot.demo.rpc import Rpc, RpcError
from bot.demo.tx import MAX_UINT256, Tx, address_of, arguments, calldata, created_by, decoded

MULTICALL3: Final = Address("0xcA11bde05977b3631167028862bE2a173976CA11")
BLOCK_SECONDS: Final = 12
_NPM_DESCRIPTOR: Final = Address("0x000000000000000000000000000000000000dEaD")


class RevertedError(DnbotError):
    """A transaction or call that should have succeeded was reverted."""


@dataclass(frozen=True, slots=True)
class Erc20:
    """A token on the local chain."""

    address: Address
    symbol: str
    decimals: int


@dataclass(frozen=True, slots=True)
class Deployment:
    """Where everything stands. ``usdc`` has 6 decimals, ``wbtc`` 8, ``weth`` (the real WETH9) 18."""

    weth: Erc20
    usdc: Erc20
    wbtc: Erc20
    v2_factory: Address
    v2_router: Address
    v3_factory: Address
    v3_router: Address
    v3_positions: Address
    """The NonfungiblePositionManager."""


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


class LocalChain:
    """Operations on one node. Keeps no state of its own, so several may share a node, and a revert needs no care.

    Args:
        rpc: an entered client.
        at: where the contracts stand.
        accounts: funded with ether; any other address may send too (the node asks for no keys, gas is free).
    """

    def __init__(self, rpc: Rpc, at: Deployment, accounts: Sequence[Address]) -> None:
        self.rpc = rpc
        self.at = at
        self.accounts = tuple(accounts)

    @classmethod
    async def deploy(cls, rpc: Rpc) -> LocalChain:
        """Deploy everything on a fresh node, in two blocks."""
        accounts = tuple(address_of(account) for account in await rpc.call("eth_accounts"))
        first = accounts[0]

        def create(code: bytes, types: str = "()", *args: object) -> Tx:
            return Tx(first, None, code + arguments(types, *args))

        def token(name: str, symbol: str, decimals: int) -> Tx:
            return create(token_code(), "(string,string,uint8)", name, symbol, decimals)

        base = await mine(
            rpc,
            create(creation_code("WETH9")),
            token("USD Coin", "USDC", 6),
            token("Wrapped BTC", "WBTC", 8),
            create(creation_code("UniswapV2Factory"), "(address)", first),
            create(creation_code("UniswapV3Factory")),
        )
        weth, usdc, wbtc, v2, v3 = base.created
        upper = await mine(
            rpc,
            create(creation_code("UniswapV2Router02"), "(address,address)", v2, weth),
            create(creation_code("SwapRouter"), "(address,address)", v3, weth),
            create(creation_code("NonfungiblePositionManager"), "(address,address,address)", v3, weth, _NPM_DESCRIPTOR),
            Tx(first, v3, calldata("enableFeeAmount(uint24,int24)", 100, 1)),
        )
        multicall = await rpc.call("eth_call", {"data": _hex(multicall3_code())}, "latest")
        await rpc.call("anvil_setCode", MULTICALL3, multicall)
        at = Deployment(
            Erc20(weth, "WETH", 18),
            Erc20(usdc, "USDC", 6),
            Erc20(wbtc, "WBTC", 8),
            v2,
            upper.created[0],
            v3,
            *upper.created[1:],
        )
        return cls(rpc, at, accounts)

    async def mine(self, *txs: Tx, timestamp: datetime | None = None, may_revert: bool = False) -> Block:
        """Mine one block with these transactions, in this order; see `mine`."""
        return await mine(self.rpc, *txs, timestamp=timestamp, may_revert=may_revert)

    async def queue(self, *txs: Tx) -> None:
        """Send transactions without mining them; the next `mine` puts its own behind them."""
        await send(self.rpc, *txs)

    async def empty_blocks(self, count: int) -> None:
        """Mine empty blocks, `BLOCK_SECONDS` apart."""
        await self.rpc.call("anvil_mine", hex(count), hex(BLOCK_SECONDS))

    async def deploy_token(
        self, symbol: str, decimals: int, *, before: Address | None = None, after: Address | None = None
    ) -> Erc20:
        """Deploy another test token, at an address that sorts before or after another token's if wanted."""
        low = int(after, 16) if after else -1
        high = int(before, 16) if before else 2**160
        start = int(await self.rpc.call("eth_blockNumber"), 16) << 64
        senders = (address_of(f"0x{2**159 + start + step:040x}") for step in range(100_000))
        sender = next((s for s in senders if low < int(created_by(s), 16) < high), None)
        if sender is None:
            raise ValueError(f"no room for a token after {after} and before {before}")
        data = token_code() + arguments("(string,string,uint8)", symbol, symbol, decimals)
        return Erc20((await self.mine(Tx(sender, None, data))).created[0], symbol, decimals)

    async def fund(self, account: Address, amounts: Mapping[Erc20, int]) -> None:
        """Return an account tokens (raw units) and let the routers and the position manager spend them; one block."""
        await self.rpc.call("anvil_setBalance", account, hex(2**96))
        txs = []
        for token, amount in amounts.items():
            if token == self.at.weth:
                txs.append(Tx(account, token.address, calldata("deposit()"), value=amount))
            else:
                txs.append(Tx(account, token.address, calldata("mint(address,uint256)", account, amount)))
            txs += [
                Tx(account, token.address, calldata("approve(address,uint256)", spender, MAX_UINT256))
                for spender in (self.at.v2_router, self.at.v3_router, self.at.v3_positions)
            ]
        await self.mine(*txs)

    def transfer(self, sender: Address, token: Address, to: Address, amount: int) -> Tx:
        """Move tokens (also V2 LP tokens), raw units."""
        return Tx(sender, token, calldata("transfer(address,uint256)", to, amount))

    async def balance(self, token: Address, account: Address, block: str = "latest") -> int:
        """Return an account's balance of a token (also of V2 LP tokens), raw units."""
        return int((await self.view(token, "(uint256)", "balanceOf(address)", account, block=block))[0])

    async def view(
        self,
        to: Address,
        types: str,
        signature: str,
        *args: object,
        sender: Address | None = None,
        block: str = "latest",
    ) -> tuple[Any, ...]:
        """Call without sending and decode the answer; ``block`` may be ``pending`` to see what is sent but not mined.

        Raises:
            RevertedError: the contract refused.
        """
        request = {"to": to, "data": _hex(calldata(signature, *args))} | ({"from": sender} if sender else {})
        return decoded(types, await self.static_call(request, block))

    async def static_call(
        self, request: Mapping[str, object], block: str = "latest", overrides: Mapping[str, object] | None = None
    ) -> bytes:
        """Run ``eth_call``, with state overrides if given.

        Raises:
            RevertedError: the contract refused.
        """
        try:
            answer = await self.rpc.call("eth_call", request, block, *([overrides] if overrides else []))
        except RpcError as error:
            raise RevertedError(str(error)) from error
        return bytes.fromhex(answer[2:])

    async def snapshot(self) -> str:
        """Remember the present state; `revert` goes back to it, once."""
        return str(await self.rpc.call("evm_snapshot"))

    async def revert(self, snapshot: str) -> None:
        """Go back to a snapshot, blocks included."""
        if not await self.rpc.call("evm_revert", snapshot):
            raise RevertedError(f"there is no snapshot {snapshot}")

    async def reorg(self, depth: int, *txs: Tx) -> None:
        """Replace the newest ``depth`` blocks by others; the first of them holds ``txs``, the rest are empty.

        The node gives all new blocks the time of the last common one.
        """
        pairs = [[_request(tx), 0] for tx in txs]
        await self.rpc.call("anvil_reorg", depth, pairs)

    async def get_storage(self, address: Address, slot: int) -> int:
        """Read a storage word."""
        return int(await self.rpc.call("eth_getStorageAt", address, hex(slot), "latest"), 16)

    async def set_storage(self, address: Address, slot: int, value: int) -> None:
        """Overwrite a storage word, in the present state, without a block."""
        await self.rpc.call("anvil_setStorageAt", address, hex(slot), f"0x{value % 2**256:064x}")


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
        requests.append(("eth_sendTransaction", [_request(tx) | {"nonce": hex(nonces[tx.sender])}]))
        nonces[tx.sender] += 1
    await rpc.batch(requests)


def _request(tx: Tx) -> dict[str, str]:
    to = {"to": tx.to} if tx.to else {}
    return {
        "from": tx.sender,
        "data": _hex(tx.data),
        "value": hex(tx.value),
        "gas": hex(tx.gas),
        "gasPrice": "0x0",
        **to,
    }


async def _reasons(rpc: Rpc, failed: Sequence[int], txs: Sequence[Tx]) -> str:
    """Say why, by calling once more on the state after the block: nearly always the same reason."""
    said = [f"{sum(number < 0 for number in failed)} transactions queued earlier"] if failed[0] < 0 else []
    for tx in (txs[number] for number in failed if number >= 0):
        try:
            await rpc.call("eth_call", _request(tx), "latest")
            reason = "would pass after the block"
        except RpcError as error:
            reason = str(error)
        said.append(f"{tx.sender} to {tx.to} with 0x{tx.data[:4].hex()}: {reason}")
    return "reverted: " + "; ".join(said)


def _hex(data: bytes) -> str:
    return "0x" + data.hex()
