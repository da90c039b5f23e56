"""Speaking to a dialect without a network: requests signed as the venues' documentation says, answers parsed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from bot.core.types import Symbol
from bot.paper.engine.engine import PaperEngine
from bot.paper.servers.desk import Credentials, Desk, Permissions
from bot.paper.servers.registry import SERVERS
from bot.paper.servers.venue import Dialect, Incoming, Venue
from bot.paper.servers.wire import millis
from tests.paper.engine.scene import ETH, RULES, START
from tests.paper.exchange_scene import TestClock
from tests.paper.servers.scene import ALICE, Prices

Body = Any  # parsed JSON
D = Decimal


@dataclass
class Client:
    """A customer at a venue that answers at once; times stand still until the test moves them."""

    flavour: str
    permissions: Permissions = Permissions()  # noqa: RUF009 - frozen
    credentials: Credentials = ALICE
    clock: TestClock = field(default_factory=TestClock)
    prices: Prices = field(default_factory=Prices)
    dialect: Dialect = field(init=False)
    venue: Venue = field(init=False)
    desk: Desk = field(init=False)

    def __post_init__(self) -> None:
        rules = replace(RULES, conventions=SERVERS[self.flavour].conventions, history=1000)
        self.dialect = SERVERS[self.flavour].dialect()
        self.desk = Desk(ALICE, PaperEngine.open(rules, START, D(10_000)), self.permissions)
        self.venue = Venue(rules, [self.desk], self.prices, self.clock)

    @property
    def now(self) -> datetime:
        return self.clock.now()

    def mark(self, price: int, symbol: Symbol = ETH) -> None:
        self.prices.marks[symbol] = D(price)

    def raw(self, incoming: Incoming) -> tuple[int, Body]:
        self.venue.move()
        answer = self.dialect.answer(self.venue, incoming)
        return answer.status, json.loads(answer.body)

    def ask(self, method: str, path: str, **params: object) -> tuple[int, Body]:
        """Send a signed request; give status and body."""
        sign = binance if self.flavour == "binance" else bitget
        return self.raw(sign(self.credentials, self.now, method, path, params))

    def ok(self, method: str, path: str, **params: object) -> Body:
        """Send a signed request that must succeed; return the payload."""
        status, body = self.ask(method, path, **params)
        assert status == 200, body
        return body if self.flavour == "binance" else body["data"]

    def refused(self, method: str, path: str, **params: object) -> tuple[int, str]:
        """Send a signed request that must fail; give status and code."""
        status, body = self.ask(method, path, **params)
        assert status != 200, body
        return status, str(body["code"])


def binance(
    keys: Credentials,
    now: datetime,
    method: str,
    path: str,
    params: Mapping[str, object],
    late: timedelta = timedelta(0),
) -> Incoming:
    query = urlencode({"timestamp": millis(now - late), "recvWindow": 5000, **params})
    query += "&signature=" + hmac.new(keys.secret.encode(), query.encode(), hashlib.sha256).hexdigest()
    in_query = method in {"GET", "DELETE"}
    headers = {"x-mbx-apikey": keys.key}
    return Incoming(method, path, query if in_query else "", headers, b"" if in_query else query.encode(), now)


def bitget(
    keys: Credentials,
    now: datetime,
    method: str,
    path: str,
    params: Mapping[str, object],
    late: timedelta = timedelta(0),
) -> Incoming:
    stamp = str(millis(now - late))
    query = urlencode(params) if method == "GET" else ""
    body = json.dumps(dict(params)) if method == "POST" else ""
    payload = f"{stamp}{method}{path}{'?' if query else ''}{query}{body}"
    sign = base64.b64encode(hmac.new(keys.secret.encode(), payload.encode(), hashlib.sha256).digest()).decode()
    headers = {
        "access-key": keys.key,
        "access-sign": sign,
        "access-timestamp": stamp,
        "access-passphrase": keys.passphrase,
    }
    return Incoming(method, path, query, headers, body.encode(), now)
