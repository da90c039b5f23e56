"""The web3 provider of a chain: each request of its AsyncWeb3 goes to one of our own strict endpoints.

Work that needs one endpoint for several requests (a head, then reads pinned to it) is bound to it; what is asked
unbound goes to the first endpoint that answers believably. Importing web3 takes half a second and 30 MB, so that this
module is imported by whoever opens a chain, not by whoever mentions one.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, Protocol, cast

from web3 import AsyncWeb3
from web3.providers.async_base import AsyncBaseProvider
from web3.types import RPCEndpoint, RPCResponse

from bot.chain.endpoint import BOUND, Endpoint, Params

# Python's own. web3 imports py_ecc, which sets 100,000: JSON that nests deep would end the process on the C stack.
sys.setrecursionlimit(1000)

ID: Final = 1
"""The id that web3 gets for every answer; the endpoint has compared the real one with its request's."""


class Failover(Protocol):
    """Runs work on one endpoint after the other until one succeeds."""

    async def __call__(self, work: Callable[[Endpoint], Awaitable[Any]], /) -> Any:  # noqa: ANN401 - the work's own
        """Return what the work returned."""


class FailoverProvider(AsyncBaseProvider):
    """Forwards requests to the endpoint that the present work is bound to, or to the first that answers."""

    def __init__(self, first: Failover) -> None:
        super().__init__()
        self._first = first

    async def make_request(self, method: RPCEndpoint, params: Params) -> RPCResponse:
        """Send one request.

        Raises:
            RpcError, RateLimited, Retryable: no valid result came.
        """
        endpoint = BOUND.get()
        if endpoint is None:
            result = await self._first(lambda at: at.send(method, params))
        else:
            result = await endpoint.send(method, params)
        return {"jsonrpc": "2.0", "id": ID, "result": result}

    async def make_batch_request(self, requests: Sequence[tuple[RPCEndpoint, Params]]) -> list[RPCResponse]:
        """Send several requests in one batch; return an answer for each, in order.

        Raises:
            RpcError, RateLimited, Retryable: the batch did not come back whole.
        """
        endpoint = BOUND.get()
        if endpoint is None:
            answers = await self._first(lambda at: at.send_batch(requests))
        else:
            answers = await endpoint.send_batch(requests)
        return [cast("RPCResponse", {"jsonrpc": "2.0", "id": ID, **answer}) for answer in answers]

    async def is_connected(self, show_traceback: bool = False) -> bool:  # noqa: ARG002, FBT001, FBT002 - web3's
        """Return True: requests open their connections, and report their own errors."""
        return True


def open_web3(first: Failover) -> AsyncWeb3[AsyncBaseProvider]:
    """Make a chain's AsyncWeb3, without web3's middleware: answers come as the node gave them."""
    return AsyncWeb3(FailoverProvider(first), middleware=[])
