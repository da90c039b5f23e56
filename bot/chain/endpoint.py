"""One JSON-RPC endpoint over HTTP: every answer is bounded and validated, no message gives its URL away.

It stands below the chain's web3 provider, in place of web3's own HTTP provider: that one does not compare the ids of
answers, passes a short batch on silently, tries five times with 30 seconds each, reads bodies of any size, discards an
error's body, and writes the URL, key included, into its log.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, cast
from urllib.parse import SplitResult, unquote, urlsplit

import aiohttp

from bot.chain import bounded_json
from bot.chain.budget import Budget
from bot.chain.learned import Learned
from bot.chain.rpc_errors import Dropped, Meaning, NoAnswer, RateLimited, RpcError, ShortBatch, meaning_of, revert_data
from bot.core.errors import Retryable

if TYPE_CHECKING:
    from web3 import AsyncWeb3
    from web3.providers.async_base import AsyncBaseProvider
    from web3.types import RPCEndpoint, RPCResponse

JSON = dict[str, object]
Params = str | Sequence[object]
"""A request's parameters; JSON text is sent as it is, so that large ones are encoded once."""
Request = tuple[str, Params]
MAX_MESSAGE: Final = 200
MAX_RAW_MESSAGE: Final = 2_000
MIN_SECRET: Final = 6
CHUNK: Final = 65_536
HEADERS: Final = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
BOUND: ContextVar[Endpoint | None] = ContextVar("bound_endpoint", default=None)
"""The endpoint that the present work is bound to; the chain's provider sends there what web3 asks."""


class Secrets:
    """The parts of a URL that may be keys, and a way to keep them out of texts."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        pieces = {url, *parts.path.split("/"), parts.username or "", parts.password or ""}
        pieces |= {value.partition("=")[2] for value in parts.query.split("&")}
        pieces |= {unquote(piece) for piece in pieces}
        self._pieces = sorted((piece for piece in pieces if len(piece) >= MIN_SECRET), key=len, reverse=True)

    def redact(self, text: str) -> str:
        """Replace every secret part and what is not printable, and cut a text that an endpoint chose."""
        text = "".join(char if char.isprintable() else " " for char in text[:MAX_RAW_MESSAGE])
        for piece in self._pieces:
            text = text.replace(piece, "***")
        return text[:MAX_MESSAGE]


def label(kind: str, number: int, url: str) -> str:
    """Name an endpoint by its place in the configuration (from 1) and its host, without path, query and user."""
    parts: SplitResult = urlsplit(url)
    return f"{kind}[{number + 1}] ({parts.hostname or 'no host'})"


@dataclass(slots=True)
class Endpoint:
    """One URL, and the limits learned of it.

    ``request`` and ``batch`` go through the chain's web3, bound to this endpoint; ``send`` and ``send_batch`` are what
    its provider ends in.
    """

    url: str = field(repr=False)
    number: int
    timeout: float
    session: Callable[[], aiohttp.ClientSession] = field(repr=False)
    web3: AsyncWeb3[AsyncBaseProvider] = field(repr=False)
    budget: Budget = field(repr=False)
    learned: Learned = field(default_factory=Learned)
    label: str = field(init=False)
    _secrets: Secrets = field(init=False, repr=False)
    _ids: itertools.count[int] = field(default_factory=lambda: itertools.count(1), repr=False)

    def __post_init__(self) -> None:
        self.label = label("rpc_urls", self.number, self.url)
        self._secrets = Secrets(self.url)

    async def request(self, method: str, params: Params) -> object:
        """Send one request through web3 and return its result (None for a JSON null).

        Raises:
            RpcError, RateLimited, Retryable: no valid result came.
        """
        bound = BOUND.set(self)
        try:
            result: object = await self.web3.manager.coro_request(cast("RPCEndpoint", method), params)
        finally:
            BOUND.reset(bound)
        return result

    async def batch(self, requests: Sequence[Request]) -> list[object | RpcError]:
        """Send several requests through web3; return one result, or error object, for each, in order.

        What the endpoint does not accept in one batch is sent in smaller ones, in the end one by one.

        Raises:
            RpcError, RateLimited, Retryable: a part did not come back whole.
        """
        answers: list[object | RpcError] = []
        size = min(len(requests), self.learned.batch or len(requests))
        while len(answers) < len(requests):
            part = requests[len(answers) : len(answers) + size]
            try:
                answers += await self._part(part)
            except (ShortBatch, Dropped, RpcError):
                if size == 1:
                    raise
                size = self.learned.batch = -(-size // 2)
        return answers

    async def _part(self, part: Sequence[Request]) -> list[object | RpcError]:
        if len(part) == 1:
            try:
                return [await self.request(*part[0])]
            except RpcError as error:
                return [error]
        bound = BOUND.set(self)
        try:
            wanted = [(cast("RPCEndpoint", method), params) for method, params in part]
            answers = cast("list[RPCResponse]", await self.web3.provider.make_batch_request(wanted))
        finally:
            BOUND.reset(bound)
        return [
            self._error(method, answer["error"]) if "error" in answer else answer["result"]
            for (method, _), answer in zip(part, answers, strict=True)
        ]

    async def send(self, method: str, params: Params) -> object:
        """Send one request over the wire and return its result."""
        number = next(self._ids)
        answer = self._checked(await self._post(method, _body(number, method, params), 1), number)
        if "error" in answer:
            raise self._error(method, answer["error"])
        return answer["result"]

    async def send_batch(self, requests: Sequence[Request]) -> list[JSON]:
        """Send several requests in one batch; return the answer to each, with a result or an error, in order.

        Raises:
            ShortBatch: answers are missing, or belong to other requests.
            RpcError, RateLimited, Retryable: there is no batch.
        """
        numbers = [next(self._ids) for _ in requests]
        bodies = (_body(number, *request) for number, request in zip(numbers, requests, strict=True))
        answer = await self._post("", "[" + ",".join(bodies) + "]", len(requests))
        if isinstance(answer, dict) and answer.get("error") is not None:
            raise self._error("", answer["error"])
        items = [item for item in answer if isinstance(item, dict)] if isinstance(answer, list) else []
        by_number = {number: item for item in items if isinstance(number := item.get("id"), int)}
        if len(items) != len(numbers) or set(by_number) != set(numbers):
            raise ShortBatch(f"{self.label}: gave {len(items)} answers, or wrong ids, to a batch of {len(numbers)}")
        return [self._checked(by_number[number], number) for number in numbers]

    def fault(self, what: str) -> Retryable:
        """Make the error that says what this endpoint did wrong."""
        return Retryable(f"{self.label}: {self._secrets.redact(what)}")

    async def _post(self, method: str, body: str, calls: int) -> object:
        """Post a body; a connection that the server closed in between is opened again once, since reads repeat."""
        failure: Retryable
        for last in (False, True):
            self.budget.spend(calls, self.label)
            try:
                async with asyncio.timeout(self.timeout):
                    return await self._exchange(method, body)
            except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError, ConnectionError) as error:
                failure = Dropped(f"{self.label}: {type(error).__name__}")
                if isinstance(error, aiohttp.ClientConnectorError):
                    failure = self.fault(type(error).__name__)
                elif not last:
                    continue
            except TimeoutError:
                failure = NoAnswer(f"{self.label}: no answer within {self.timeout:g} s")
            except (aiohttp.ClientError, OSError) as error:
                failure = self.fault(type(error).__name__)
            except bounded_json.TooLargeError as error:
                failure = self._refusal(method, 0, f"answered {error}", Meaning.TOO_MANY_RESULTS)
            except ValueError:
                failure = self.fault("answered something that is no JSON")
            break
        # Raised outside of the handler: the original error holds the URL, and a chained one would be printed.
        raise failure

    async def _exchange(self, method: str, body: str) -> object:
        post = self.session().post(self.url, data=body.encode(), headers=HEADERS, allow_redirects=False)
        async with post as response:
            chunks = response.content.iter_chunked(CHUNK)
            encoding = response.headers.get("Content-Encoding", "").lower()
            if response.status == HTTPStatus.OK:
                return bounded_json.parse(await bounded_json.read(chunks, encoding))
            if response.status == HTTPStatus.TOO_MANY_REQUESTS:
                raise RateLimited(f"{self.label}: HTTP 429", _seconds(response.headers.get("Retry-After")))
            raw = await bounded_json.read(chunks, encoding, bounded_json.MAX_ERROR_BYTES)
            raise self._status(method, response.status, raw)

    def _status(self, method: str, status: int, raw: bytes) -> RpcError:
        """Make the error of an HTTP status: that of the error object in its body, where there is one."""
        try:
            said = bounded_json.parse(raw)
        except ValueError:
            said = None
        if isinstance(said, dict):
            inner = said.get("error", said)
            if isinstance(inner, (dict, str)):
                return self._error(method, inner, status)
        return self._error(method, f"HTTP {status}", status)

    def _checked(self, answer: object, number: int) -> JSON:
        """Return an answer that is of this request, and holds either a result or an error."""
        if not isinstance(answer, dict):
            raise self.fault("answered no JSON-RPC object")
        found, is_error = answer.get("id"), answer.get("error") is not None
        if (found != number or isinstance(found, bool)) and not (is_error and found is None):
            raise self.fault("answered with the id of another request")
        if is_error:
            return {"error": answer["error"]}
        if "result" not in answer:
            raise self.fault("answered neither result nor error")
        return {"result": answer["result"]}

    def _error(self, method: str, error: object, status: int = 0) -> RpcError:
        """Classify an error object, or the text in its place.

        Raises:
            RateLimited: it is about the endpoint's quota.
        """
        code, text, data = status, error, None
        if isinstance(error, dict):
            found, text, data = error.get("code"), error.get("message"), error.get("data")
            code = found if isinstance(found, int) else status
        said = text[:MAX_RAW_MESSAGE] if isinstance(text, str) else ""
        meaning = meaning_of(method, code, said, _short(data))
        if meaning is Meaning.QUOTA:
            raise RateLimited(f"{self.label}: {code} {self._secrets.redact(said)}", None)
        return self._refusal(method, code, said, meaning, revert_data(data))

    def _refusal(self, method: str, code: int, said: str, meaning: Meaning, data: str | None = None) -> RpcError:
        said = self._secrets.redact(said)
        return RpcError(
            f"{self.label}: {method or 'batch'}: error {code}: {said}",
            code=code,
            said=said,
            data=data,
            meaning=meaning,
        )


def _body(number: int, method: str, params: Params) -> str:
    text = params if isinstance(params, str) else json.dumps(params, separators=(",", ":"))
    return f'{{"jsonrpc":"2.0","id":{number},"method":"{method}","params":{text}}}'


def _short(data: object) -> object:
    """Return an error's data if it can be judged without much work: revert data whole, the rest cut."""
    if data is None or revert_data(data) is not None:
        return data
    return (data if isinstance(data, str) else str(data))[:MAX_RAW_MESSAGE]


def _seconds(header: str | None) -> float | None:
    """Read a Retry-After header that counts seconds; one with a date is useless under a wrong clock."""
    return float(header) if header is not None and header.strip().isdigit() else None
