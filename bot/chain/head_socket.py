"""web3's WebSocket provider, made strict: nothing of a message is kept but what a subscription to heads needs.

web3 reads any header with a formatter that takes 32 bytes of ``extraData`` at most, which Polygon's (97) and BSC's
(280) are not, and keeps whatever else an endpoint sends. So each message is read here first, within bounds: a head
becomes its four fields, an answer to a request its result, and everything else ends the connection.
"""

from __future__ import annotations

import logging
from typing import Final, cast

from web3 import AsyncWeb3, WebSocketProvider
from web3.types import RPCResponse

from bot.chain import bounded_json

MAX_MESSAGE: Final = 256 * 1024
"""Bytes of one message; a header is some 2 kB."""
MAX_FIELD: Final = 100
"""Characters of one field: a hash has 66."""
FIELDS: Final = ("number", "hash", "parentHash", "timestamp")
SILENT: Final = "dnbot.silent"


class HeadSocket(WebSocketProvider):
    """One connection, one attempt, nothing logged (which would reveal the URL)."""

    def __init__(self, url: str, timeout: float) -> None:
        silent = logging.getLogger(SILENT)
        silent.disabled = True
        super().__init__(
            url,
            max_connection_retries=1,
            request_timeout=timeout,
            websocket_kwargs={
                "open_timeout": timeout,
                "close_timeout": 1,
                "logger": silent,
                "max_size": MAX_MESSAGE,
                "compression": None,
            },
        )
        self.logger = silent

    async def socket_recv(self) -> RPCResponse:
        """Return the next message, reduced to what is needed.

        Raises:
            ValueError: it is none that was asked for.
        """
        if self._ws is None:
            raise ValueError("not connected")
        raw = await self._ws.recv()
        return reduced(raw.encode() if isinstance(raw, str) else raw)


def reduced(raw: bytes) -> RPCResponse:
    """Reduce a message to a head's four fields, or to the result of a request.

    Raises:
        ValueError: it is neither.
    """
    message = _object(bounded_json.parse(raw))
    if message.get("method") != "eth_subscription":
        if not isinstance(message.get("id"), int):
            raise ValueError("answers nothing that was asked")
        return cast("RPCResponse", {"jsonrpc": "2.0", "id": message["id"], "result": _short(message.get("result"))})
    params = _object(message.get("params"))
    header = _object(params.get("result"))
    told = {name: _short(header.get(name)) for name in FIELDS}
    about = {"subscription": _short(params.get("subscription")), "result": told}
    return cast("RPCResponse", {"jsonrpc": "2.0", "method": "eth_subscription", "params": about})


def _object(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise ValueError("is no object")  # noqa: TRY004 - what an endpoint sends is no type of ours
    return value


def _short(text: object) -> str:
    if not isinstance(text, str) or len(text) > MAX_FIELD:
        raise ValueError("holds something else than short texts")
    return text


def open_socket(url: str, timeout: float) -> AsyncWeb3[HeadSocket]:
    """Make the AsyncWeb3 of a subscription; it is not connected yet."""
    return AsyncWeb3(HeadSocket(url, timeout))
