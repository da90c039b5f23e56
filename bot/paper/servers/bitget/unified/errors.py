"""What the v3 interface says besides the errors that both interfaces have."""

from __future__ import annotations

from typing import Final

from bot.core.orders import Rejected, RejectReason
from bot.paper.servers.wire import VenueError

_BAD: Final = 400


def missing(name: str) -> VenueError:
    """Return the error that a mandatory parameter is missing or malformed."""
    return VenueError(_BAD, "400172", f"Parameter verification failed: {name}")


def wrong(name: str) -> VenueError:
    """Return the error that a parameter has a value that it may not have."""
    return VenueError(_BAD, "25200", f"{name} validation error")


def unknown_symbol(name: str) -> VenueError:
    """Return the error that there is no such symbol."""
    return VenueError(_BAD, "25100", f"Trading pair {name} does not exist")


def shut() -> VenueError:
    """Return the error that a market takes no order that opens."""
    return VenueError(_BAD, "25105", "This contract does not support opening positions")


def no_such_order() -> VenueError:
    """Return the error that there is no such order, to show or to cancel."""
    return VenueError(_BAD, "25204", "Order does not exist")


def no_position() -> VenueError:
    """Return the error that there is no position."""
    return VenueError(_BAD, "25227", "No position available to close")


def not_allowed() -> VenueError:
    """Return the error that the key may not do this."""
    return VenueError(_BAD, "25620", "permission denied")


def wrong_position_mode() -> VenueError:
    """Return the error that an order fits the other position mode."""
    return VenueError(_BAD, "25236", "Incorrect position open type")


def unified_account() -> VenueError:
    """Return the error that the account is no classic one."""
    message = "You are in Unified Account mode, and the Classic Account API is not supported at this time"
    return VenueError(_BAD, "40085", message)


_MESSAGES: Final[dict[RejectReason, str]] = {
    RejectReason.INSUFFICIENT_MARGIN: "The order size is greater than the max open size",
    RejectReason.REDUCE_ONLY: "No position available to close",
    RejectReason.STOPS_EXCEED: "The total TP/SL quantity for partial positions exceeds the position amount",
    RejectReason.DUPLICATE_ID: "Duplicate clientOid",
    RejectReason.MAX_POSITION: "Order quantity exceeds the maximum open quantity",
}


def refused(rejected: Rejected) -> VenueError:
    """Return why the engine refused an order."""
    return VenueError(_BAD, rejected.code, _MESSAGES.get(rejected.reason, rejected.message))
