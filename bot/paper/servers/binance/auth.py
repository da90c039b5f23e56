"""Who sends a request: the key's header, the signature over the parameters exactly as sent, and the time window."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from bot.paper.servers.binance import errors
from bot.paper.servers.desk import Desk
from bot.paper.servers.frame import signature
from bot.paper.servers.venue import Incoming
from bot.paper.servers.wire import Params, millis

_DEFAULT_WINDOW: Final = 5000
_MOST_WINDOW: Final = 60000
_AHEAD: Final = 1000


def parameters(incoming: Incoming) -> Params:
    """Read query and body, which are both URL-encoded; of a name that stands twice the last counts."""
    body = incoming.body.decode("utf-8", "replace")
    return Params(dict(parse_qsl(f"{incoming.query}&{body}", keep_blank_values=True)), errors.missing)


def by_key(desks: Mapping[str, Desk], incoming: Incoming) -> Desk:
    """Return the customer whose key is in the header, without a signature."""
    key = incoming.headers.get("x-mbx-apikey", "")
    if not key:
        raise errors.malformed_key()
    desk = desks.get(key)
    if desk is None:
        raise errors.unauthorised()
    return desk


def signed(desks: Mapping[str, Desk], incoming: Incoming, params: Params) -> Desk:
    """Return the customer who signed a request.

    The signature is HMAC-SHA256 over query + body as sent, its own parameter left out.
    """
    desk = by_key(desks, incoming)
    given = params.maybe("signature")
    if given is None:
        raise errors.missing("signature")
    payload = _unsigned(incoming.query) + _unsigned(incoming.body.decode("utf-8", "replace"))
    wanted = signature(desk, payload.encode()).hex()
    if not hmac.compare_digest(wanted, given.lower()):
        raise errors.bad_signature()
    _check_time(params, millis(incoming.at))
    return desk


def _check_time(params: Params, now: int) -> None:
    sent = params.maybe_integer("timestamp")
    if sent is None:
        raise errors.missing("timestamp")
    window = params.maybe_integer("recvWindow")
    window = _DEFAULT_WINDOW if window is None else window
    if not 0 <= window <= _MOST_WINDOW:
        raise errors.bad_window()
    if sent >= now + _AHEAD:
        raise errors.outside_window(ahead=True)
    if now - sent > window:
        raise errors.outside_window(ahead=False)


def _unsigned(text: str) -> str:
    return "&".join(part for part in text.split("&") if part and not part.startswith("signature="))
