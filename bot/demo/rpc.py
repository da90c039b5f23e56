"""A plain JSON-RPC client for a node of our own: no retries, no failover, batches checked to be whole."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

import aiohttp

from bot.core.errors import DnbotError


class RpcError(DnbotError):
    """The node answered with an error object."""


class Rpc:
    """One node, by HTTP; use as an async context manager.

    Args:
        url: such as ``http://127.0.0.1:8545``.
        timeout: seconds for one request or batch.
    """

    def __init__(self, url: str, timeout: float = 60) -> None:
        self.url = url
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(timeout=self._timeout)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def call(self, method: str, *params: object) -> Any:  # noqa: ANN401 - JSON has no narrower type
        """Call one method.

        Raises:
            RpcError: the node refused.
        """
        return (await self.batch([(method, params)]))[0]

    async def batch(self, requests: Sequence[tuple[str, Sequence[object]]]) -> list[Any]:
        """Call many methods in one request; results in the order of the requests.

        Raises:
            RpcError: the node refused any of them, or left one out.
        """
        if self._session is None:
            raise RuntimeError("enter the client first: async with Rpc(url) as rpc")
        if not requests:
            return []
        body = [
            {"jsonrpc": "2.0", "id": number, "method": method, "params": list(params)}
            for number, (method, params) in enumerate(requests)
        ]
        async with self._session.post(self.url, json=body) as response:
            answers = await response.json()
        if not isinstance(answers, list):
            raise RpcError(f"the node refused the batch: {answers}")
        by_id = {answer["id"]: answer for answer in answers}
        return [_result(method, by_id.get(number)) for number, (method, _) in enumerate(requests)]


def _result(method: str, answer: dict[str, Any] | None) -> Any:  # noqa: ANN401 - JSON has no narrower type
    if answer is None:
        raise RpcError(f"{method}: the batch came back without its answer")
    if "error" in answer:
        raise RpcError(f"{method}: {answer['error'].get('message', answer['error'])}")
    return answer["result"]
