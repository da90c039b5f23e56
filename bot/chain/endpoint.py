"""One JSON-RPC endpoint over HTTP: every answer is validated, no message gives its URL away.

Requests go through aiohttp (which web3's own HTTP provider wraps) and not through that provider: it does not compare
the ids of answers, hands a short batch on without a word, tries five times with 30 seconds each, re-encodes what is
already encoded, and writes the URL, key included, into its log. What it would save is the forty lines below.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

import aiohttp

from bot.core.errors import Retryable

JSON = dict[str, object]
RATE_LIMIT_CODES: Final = frozenset({-32005, -32029, 429})
"""Error codes by which providers say that a request quota is used up."""
MAX_MESSAGE: Final = 200
MIN_SECRET: Final = 6


class RateLimited(Retryable):
    """The endpoint wants to be left alone for ``seconds``, if it says how long."""

    def __init__(self, message: str, seconds: float | None) -> None:
        super().__init__(message)
        self.seconds = seconds


class RpcError(Retryable):
    """The endpoint answered with an error object; ``data`` is the revert data where it carries any."""

    def __init__(self, message: str, *, code: int, data: str | None) -> None:
        super().__init__(message)
        self.code = code
        self.data = data


class Secrets:
    """The parts of a URL that may be keys, and a way to keep them out of texts."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        pieces = {url, *parts.path.split("/"), parts.username or "", parts.password or ""}
        pieces |= {value.partition("=")[2] for value in parts.query.split("&")}
        pieces |= {unquote(piece) for piece in pieces}
        self._pieces = sorted((piece for piece in pieces if len(piece) >= MIN_SECRET), key=len, reverse=True)

    def redact(self, text: str) -> str:
        """Replace every secret part, and cut a text that an endpoint chose to a sane length."""
        for piece in self._pieces:
            text = text.replace(piece, "***")
        return text[:MAX_MESSAGE]


def label(kind: str, number: int, url: str) -> str:
    """Name an endpoint by its place in the configuration (from 1) and its host, without path, query and user."""
    parts: SplitResult = urlsplit(url)
    return f"{kind}[{number + 1}] ({parts.hostname or 'no host'})"


@dataclass(slots=True)
class Endpoint:
    """One URL. ``by_hash`` turns False once the node has refused to be pinned to a block hash (EIP-1898)."""

    url: str = field(repr=False)
    number: int
    timeout: float
    session: Callable[[], aiohttp.ClientSession] = field(repr=False)
    by_hash: bool = True
    label: str = field(init=False)
    _secrets: Secrets = field(init=False, repr=False)
    _ids: itertools.count[int] = field(default_factory=lambda: itertools.count(1), repr=False)

    def __post_init__(self) -> None:
        self.label = label("rpc_urls", self.number, self.url)
        self._secrets = Secrets(self.url)

    async def request(self, method: str, params: str) -> object:
        """Send one request and give its result (None for a JSON null).

        Args:
            method: the JSON-RPC method.
            params: its parameters as JSON text, so that large ones are encoded once.

        Raises:
            RpcError, RateLimited, Retryable: no valid result came.
        """
        number = next(self._ids)
        answer = await self._post(_body(number, method, params))
        result = self._result(answer, number)
        if isinstance(result, RpcError):
            raise result
        return result

    async def batch(self, requests: Sequence[tuple[str, str]]) -> list[object | RpcError]:
        """Send several requests in one batch; return one result, or error object, for each, in order.

        Raises:
            RpcError, RateLimited, Retryable: the batch did not come back whole.
        """
        first = next(self._ids)
        numbers = [first, *(next(self._ids) for _ in requests[1:])]
        bodies = (_body(number, *request) for number, request in zip(numbers, requests, strict=True))
        answer = await self._post("[" + ",".join(bodies) + "]")
        if not isinstance(answer, list):
            failure = self._result(answer, None)
            raise failure if isinstance(failure, RpcError) else self.fault("answered a batch with one result")
        by_number = {item["id"]: item for item in answer if isinstance(item, dict) and isinstance(item.get("id"), int)}
        if len(answer) != len(numbers) or set(by_number) != set(numbers):
            raise self.fault(f"gave {len(answer)} answers, or wrong ids, to a batch of {len(numbers)}")
        return [self._result(by_number[number], number) for number in numbers]

    def fault(self, what: str) -> Retryable:
        """Make the error that says what this endpoint did wrong."""
        return Retryable(f"{self.label}: {self._secrets.redact(what)}")

    async def _post(self, body: str) -> object:
        """Post a body; a connection that the server closed in between is opened again once, since reads repeat."""
        for last in (False, True):
            try:
                async with asyncio.timeout(self.timeout):
                    return await self._exchange(body)
            except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError, ConnectionError) as error:
                what = type(error).__name__
                if not last and not isinstance(error, aiohttp.ClientConnectorError):
                    continue
            except TimeoutError:
                what = f"no answer within {self.timeout:g} s"
            except (aiohttp.ClientError, OSError) as error:
                what = type(error).__name__
            except (ValueError, RecursionError):
                what = "answered something that is no JSON"
            break
        # Raised outside of the handler: the original error knows the URL, and a chained one would be printed.
        raise self.fault(what)

    async def _exchange(self, body: str) -> object:
        headers = {"Content-Type": "application/json"}
        post = self.session().post(self.url, data=body.encode(), headers=headers, allow_redirects=False)
        async with post as response:
            if response.status == HTTPStatus.TOO_MANY_REQUESTS:
                raise RateLimited(f"{self.label}: HTTP 429", _seconds(response.headers.get("Retry-After")))
            raw = await response.read()
            if response.status != HTTPStatus.OK:
                raise self.fault(f"HTTP {response.status}")
            parsed: object = json.loads(raw)
            return parsed

    def _result(self, answer: object, number: int | None) -> object | RpcError:
        if not isinstance(answer, dict):
            raise self.fault("answered no JSON-RPC object")
        error = answer.get("error")
        if error is not None:
            return self._error(error)
        if answer.get("id") != number or isinstance(answer.get("id"), bool):
            raise self.fault("answered with the id of another request")
        if "result" not in answer:
            raise self.fault("answered neither result nor error")
        result: object = answer["result"]
        return result

    def _error(self, error: object) -> RpcError:
        if not isinstance(error, dict):
            raise self.fault("answered with an error that is no object")
        code, message, data = error.get("code"), error.get("message"), error.get("data")
        text = self._secrets.redact(str(message))
        code = code if isinstance(code, int) else 0
        if code in RATE_LIMIT_CODES:
            raise RateLimited(f"{self.label}: {code} {text}", None)
        return RpcError(
            f"{self.label}: error {code}: {text}",
            code=code,
            data=data if isinstance(data, str) else None,
        )


def _body(number: int, method: str, params: str) -> str:
    return f'{{"jsonrpc":"2.0","id":{number},"method":"{method}","params":{params}}}'


def _seconds(header: str | None) -> float | None:
    """Read a Retry-After header that counts seconds; one with a date tells nothing under a wrong clock."""
    return float(header) if header is not None and header.strip().isdigit() else None
