"""Hyperliquid's refusals: a whole action is answered with 200 and a text, a body that can't be read with 422."""

from __future__ import annotations

from bot.core.orders import Rejected
from bot.paper.servers.frame import packed
from bot.paper.servers.venue import Answer
from bot.paper.servers.wire import VenueError

OK = 200
UNREAD = 422
_UNREAD_TEXT = "Failed to deserialize the JSON body into the target type"


def unread(what: str) -> VenueError:
    """Return the error that the body is no request of this venue."""
    return VenueError(UNREAD, "", f"{_UNREAD_TEXT}: {what}")


def refused(text: str) -> VenueError:
    """Refuse a whole action."""
    return VenueError(OK, "", text)


def no_signer(address: str) -> VenueError:
    """Return the error that whoever signed is nobody."""
    return refused(f"User or API Wallet {address} does not exist.")


def text_of(rejected: Rejected, asset: int, bid: str, ask: str) -> str:
    """Return why an order was refused."""
    return f"{rejected.code.format(bid=bid, ask=ask)} asset={asset}"


def render(error: VenueError) -> Answer:
    """Put a refusal into an answer."""
    if error.status == UNREAD:
        return Answer(UNREAD, error.message.encode(), {}, "text/plain")
    return Answer(OK, _packed_error(error.message), {})


def _packed_error(text: str) -> bytes:
    """Write the body of an action that was refused."""
    return packed({"status": "err", "response": text})
