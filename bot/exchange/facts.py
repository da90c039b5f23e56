"""The form of a venue's facts: hosts, budgets, error codes, answer shapes; ``venues`` holds the facts themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from bot.core.market import PriceKind
from bot.core.orders import RejectReason
from bot.core.reconciliation.identity import OrderIds
from bot.exchange.limiter import Charge, Window
from bot.exchange.order_ids import TextIds

UNREADABLE: Final = "unreadable"
"""The code of an answer that is no JSON object; no rule matches it, whatever its text says."""

Charges = Callable[[str, str, Mapping[str, str]], tuple[Charge, ...]]
"""What a request costs: (method, path, query) -> charges."""
IsRead = Callable[[str, str], bool]
"""Whether a request only reads: (method, path) -> yes or no. Some venues read by POST."""
Shut = Callable[[Mapping[str, object], datetime], str]
"""Why nothing may be opened in a market, empty where it is open: (ccxt's market, now) -> reason."""
Endpoint = Callable[[str, bytes], str]
"""What a request's endpoint is called in all of these facts: (path, body) -> name. Some venues name it in the body."""
Words = Callable[[object, bytes], tuple[str, str]]
"""The venue's own code (empty where an answer has none) and message: (parsed body, raw body) -> both."""
ApiClass = Callable[[type], type]
"""Modifies ccxt's class of a venue before it is instantiated."""


@dataclass(frozen=True, slots=True)
class Rule:
    """An answer that proves that a write had no effect: a JSON object with this HTTP status and code.

    ``message`` must be part of the venue's words, if given; an empty ``code`` then stands for any.
    """

    status: int
    code: str
    reason: RejectReason
    message: str = ""


@dataclass(frozen=True, slots=True)
class Shape:
    """What the payload of an endpoint must be: a list, a text, or an object with these keys; null where it may be."""

    is_list: bool = False
    is_text: bool = False
    keys: tuple[str, ...] = ()
    may_be_null: bool = False


LIST: Final = Shape(is_list=True)
TEXT: Final = Shape(is_text=True)


@dataclass(frozen=True, slots=True)
class Listing:
    """One book of working orders: ccxt's parameters, and whether the book itself implies reduce-only."""

    params: Mapping[str, object]
    reduce_only: bool | None = None


def _gets_read(method: str, path: str) -> bool:
    """Treat GET requests as reads, as most venues mean it."""
    del path
    return method == "GET"


def _inactive(row: Mapping[str, object], now: datetime) -> str:
    """Use ccxt's flag for whether a market trades."""
    del now
    return "" if row.get("active") is True else "is not open for trading"


def _by_path(path: str, body: bytes) -> str:
    """Call an endpoint by its path, as most venues do."""
    del body
    return path


def usual_words(body: object, raw: bytes) -> tuple[str, str]:
    """Return ``code`` and ``msg`` of an object; any other body has no code that a rule could match."""
    if not isinstance(body, Mapping):
        return UNREADABLE, raw.decode(errors="replace")
    code, message = body.get("code"), body.get("msg")
    return "" if code is None else str(code), "" if message is None else str(message)


def _as_it_is(api_class: type) -> type:
    """Leave ccxt's class as it is."""
    return api_class


@dataclass(frozen=True, slots=True)
class VenueFacts:
    """What is known of a venue.

    Attributes:
        ccxt_id: the ccxt class.
        settle: the money that its accounts hold and its perpetuals settle in, as ccxt spells it.
        hosts: the hosts that live requests may go to; empty: those that ccxt names.
        demo_hosts: the hosts that demo requests may go to; empty: those that ccxt names.
        has_demo: ccxt knows how to reach its demo system.
        demo_header: the header that every signed demo request must carry, and no live one may.
        ids: how its client order ids are written.
        key_header: the header that names the key, where one does.
        shut: why nothing may be opened in a market.
        is_read: whether a request only reads; whatever does not is a write: sent once, and only through the gate.
        options: ccxt options.
        charges: what a request costs.
        counted: response headers with the venue's own count of a window.
        silence: seconds to wait after a 429 or 418 that does not say how long.
        ok_codes: the codes of success; an empty one where successful answers carry none.
        payload: the key that the payload stands under, if any.
        shapes: what the payload of an endpoint must look like, by path.
        rejections: the answers that prove that a write had no effect.
        unknown_order: (status, code) pairs that say "no such order".
        clock_codes: codes that say that our clock is off.
        key_codes: codes that say that the key is wrong or may not do this.
        refused: why no account there is traded on, empty where one may be.
        remedies: codes that only a person can mend, with what is wrong and what to do.
        listings: the books of working orders.
        mark_from: the ccxt reads that carry mark and index price between them.
        history_days: how far back trades can be read.
        history_span: the longest time that one answer of a history may be asked for.
        trades_page: how many trades one answer holds at most.
        stream_hosts: the hosts of the live streams; empty: those that ccxt names.
        demo_stream_hosts: the hosts of the demo system's streams.
        funding_by_page: past funding is asked for by page, newest first, and not by time.
        funding_interval: the longest time between two settlements of funding.
        candle_prices: what its candles are of.
        candles_kept: how many of its newest candles can be read; None: all that there were.
        endpoint: what a request's endpoint is called here: the path, unless the venue names it in the body.
        words: reads the code and the message of an answer.
        api_class: changes ccxt's class where it does what dnbot must not do.
    """

    ccxt_id: str
    settle: str
    hosts: frozenset[str]
    demo_hosts: frozenset[str]
    demo_header: tuple[str, str] | None
    options: Mapping[str, object]
    charges: Charges
    counted: Mapping[str, Window]
    silence: float
    ok_codes: frozenset[str]
    payload: str | None
    shapes: Mapping[str, Shape]
    rejections: tuple[Rule, ...]
    unknown_order: frozenset[tuple[int, str]]
    clock_codes: frozenset[str]
    key_codes: frozenset[str] = frozenset()
    listings: tuple[Listing, ...] = field(default=(Listing({}), Listing({"trigger": True})))
    mark_from: tuple[str, ...] = ("fetch_funding_rate", "fetch_ticker")
    history_days: int = 90
    history_span: timedelta = timedelta(days=7)
    trades_page: int = 100
    refused: str = ""
    remedies: Mapping[str, str] = field(default_factory=dict)
    stream_hosts: frozenset[str] = frozenset()
    demo_stream_hosts: frozenset[str] = frozenset()
    funding_by_page: bool = False
    funding_interval: timedelta = timedelta(hours=8)
    candle_prices: frozenset[PriceKind] = frozenset(PriceKind)
    candles_kept: int | None = None
    has_demo: bool = False
    key_header: str | None = None
    is_read: IsRead = _gets_read
    shut: Shut = _inactive
    ids: OrderIds = field(default_factory=TextIds)
    endpoint: Endpoint = _by_path
    words: Words = usual_words
    api_class: ApiClass = _as_it_is


def rules(status: int, reason: RejectReason, codes: Iterable[str]) -> tuple[Rule, ...]:
    """Return one rule per code."""
    return tuple(Rule(status, code, reason) for code in codes)
