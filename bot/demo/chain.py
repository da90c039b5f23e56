"""A local chain with the real Uniswap contracts on it: blocks, tokens, time, and what only a test node can do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from bot.core.types import Address
from bot.demo.blocks import Block, RevertedError, hexed, mine, request_of, send
from bot.demo.contracts import creation_code, multicall3_code, own_code
from bot.demo.rpc import Rpc, RpcError
from bot.demo.tx import MAX_UINT256, MUCH_GAS, Tx, address_of, arguments, calldata, created_by, decoded

MULTICALL3: Final = Address("0xcA11bde05977b3631167028862bE2a173976CA11")
_NPM_DESCRIPTOR: Final = Address("0x000000000000000000000000000000000000dEaD")


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
            return create(own_code("Token"), "(string,string,uint8)", name, symbol, decimals)

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
        multicall = await rpc.call("eth_call", {"data": hexed(multicall3_code())}, "latest")
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

    async def create(self, code: bytes, types: str = "()", *args: object) -> Address:
        """Create a contract in a block of its own."""
        return (await self.mine(Tx(self.accounts[0], None, code + arguments(types, *args), gas=MUCH_GAS))).created[0]

    async def queue(self, *txs: Tx) -> None:
        """Send transactions without mining them; the next `mine` puts its own behind them."""
        await send(self.rpc, *txs)

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
        data = own_code("Token") + arguments("(string,string,uint8)", symbol, symbol, decimals)
        return Erc20((await self.mine(Tx(sender, None, data))).created[0], symbol, decimals)

    async def fund(self, account: Address, amounts: Mapping[Erc20, int]) -> None:
        """Give an account tokens (raw units) and let the routers and the position manager spend them; one block."""
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
        request = {"to": to, "data": hexed(calldata(signature, *args))} | ({"from": sender} if sender else {})
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

    async def answer(self, *txs: Tx, block: str = "latest", time: int | None = None) -> bytes:
        """Return what the last of some transactions would answer behind a block.

        Args:
            txs: what is run, one after the other, and not mined.
            block: behind which they are run.
            time: their block's, POSIX; the node's choice where it is left out.

        Raises:
            RevertedError: a contract refused.
        """
        if len(txs) == 1 and time is None:
            return await self.static_call({"from": txs[0].sender, "to": txs[0].to, "data": hexed(txs[0].data)}, block)
        calls = {"calls": [request_of(tx) for tx in txs]}
        at = {} if time is None else {"blockOverrides": {"time": hex(time)}}
        (made,) = await self.rpc.call("eth_simulateV1", {"blockStateCalls": [calls | at]}, block)
        refused = [call for call in made["calls"] if call["status"] != "0x1"]
        if refused:
            raise RevertedError(str(refused[0].get("error")))
        return bytes.fromhex(made["calls"][-1]["returnData"][2:])

    async def more_by(self, tx: Tx, token: Address, block: str) -> int:
        """Return what a transaction's sender would have more of a token by it, right behind a block, at its time."""
        time = int((await self.rpc.call("eth_getBlockByNumber", block, False))["timestamp"], 16)
        balance = Tx(tx.sender, token, calldata("balanceOf(address)", tx.sender))
        after = int.from_bytes(await self.answer(tx, balance, block=block, time=time))
        return after - await self.balance(token, tx.sender, block)

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
        pairs = [[request_of(tx), 0] for tx in txs]
        await self.rpc.call("anvil_reorg", depth, pairs)


def by_address(token_a: Erc20, token_b: Erc20) -> tuple[Erc20, Erc20]:
    """Put two tokens in the order that pools have them in."""
    token0, token1 = sorted((token_a, token_b), key=lambda token: int(token.address, 16))
    return token0, token1
