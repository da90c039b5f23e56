"""Who sends a request: key, passphrase, and the signature over time, method, path, query and body."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl, unquote

from bot.paper.servers.bitget import errors
from bot.paper.servers.desk import Desk
from bot.paper.servers.frame import signature
from bot.paper.servers.venue import Incoming
from bot.paper.servers.wire import Params, VenueError, millis

_WINDOW: Final = 30_000
"""Milliseconds that a time stamp may be away from the venue's clock."""


def parameters(incoming: Incoming) -> Params:
    """Read the query of a GET, or the JSON object of a POST."""
    if incoming.method != "POST":
        return Params(dict(parse_qsl(incoming.query, keep_blank_values=True)), errors.missing)
    try:
        values = json.loads(incoming.body or b"{}")
    except ValueError as error:
        raise VenueError(400, "40017", "Parameter verification failed") from error
    if not isinstance(values, dict):
        raise VenueError(400, "40017", "Parameter verification failed")
    return Params(values, errors.missing)


def signed(desks: Mapping[str, Desk], incoming: Incoming) -> Desk:
    """Return the customer who signed a request.

    The signature is base64 of HMAC-SHA256 over time stamp, method, path, ``?`` and query (decoded), and body.
    """
    headers = incoming.headers
    key, given = headers.get("access-key", ""), headers.get("access-sign", "")
    if not key:
        raise errors.no_key()
    if not given:
        raise errors.no_signature()
    if not headers.get("access-passphrase"):
        raise errors.no_passphrase()
    sent = headers.get("access-timestamp", "")
    if not sent.isdecimal():
        raise errors.bad_timestamp()
    if abs(int(sent) - millis(incoming.at)) > _WINDOW:
        raise errors.expired()
    desk = desks.get(key)
    if desk is None:
        raise errors.unknown_key()
    query = f"?{unquote(incoming.query)}" if incoming.query else ""
    payload = f"{sent}{incoming.method}{incoming.path}{query}".encode() + incoming.body
    if not hmac.compare_digest(signed_text(desk, payload), given):
        raise errors.bad_signature()
    if not hmac.compare_digest(desk.credentials.passphrase, headers["access-passphrase"]):
        raise errors.bad_passphrase()
    return desk


def signed_text(desk: Desk, payload: bytes) -> str:
    """Sign as the customer does: base64 of HMAC-SHA256."""
    return base64.b64encode(signature(desk, payload)).decode()
