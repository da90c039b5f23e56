"""Bitget's error answers: HTTP status, code and message."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Final

from bot.core.orders import Rejected, RejectReason
from bot.paper.servers.venue import Answer
from bot.paper.servers.wire import VenueError, millis

_BAD: Final = 400


def no_key() -> VenueError:
    """Return the error that there is no key in the header."""
    return VenueError(_BAD, "40001", "ACCESS_KEY cannot be empty")


def no_signature() -> VenueError:
    """Return the error that there is no signature in the header."""
    return VenueError(_BAD, "40002", "ACCESS_SIGN cannot be empty")


def no_passphrase() -> VenueError:
    """Return the error that there is no passphrase in the header."""
    return VenueError(_BAD, "40011", "ACCESS_PASSPHRASE cannot be empty")


def bad_timestamp() -> VenueError:
    """Return the error that the time stamp is missing or no number."""
    return VenueError(_BAD, "40005", "Invalid ACCESS_TIMESTAMP")


def expired() -> VenueError:
    """Return the error that the time stamp is too far from the venue's clock."""
    return VenueError(_BAD, "40008", "Request timestamp expired")


def too_long_ago() -> VenueError:
    """Return the error that a history does not reach back that far."""
    return VenueError(_BAD, "40704", "Can only check the data of the last three months")


def unknown_key() -> VenueError:
    """Return the error that there is no such key."""
    return VenueError(_BAD, "40037", "Apikey does not exist")


def bad_signature() -> VenueError:
    """Return the error that the signature is not the secret's."""
    return VenueError(_BAD, "40009", "sign signature error")


def bad_passphrase() -> VenueError:
    """Return the error that the passphrase is not the key's."""
    return VenueError(_BAD, "40012", "apikey/password is incorrect")


def not_allowed() -> VenueError:
    """Return the error that the key may not do this."""
    return VenueError(_BAD, "40014", "Incorrect permissions, need contract order write permissions")


def wrong_environment() -> VenueError:
    """Return the error that a demo key came without the demo header, or a live one with it."""
    return VenueError(_BAD, "40099", "exchange environment is incorrect")


def classic_account() -> VenueError:
    """Return the error that the account is no unified one."""
    message = "You are in Classic Account mode, and the Unified Account API is not supported at this time"
    return VenueError(_BAD, "40084", message)


def missing(name: str) -> VenueError:
    """Return the error that a mandatory parameter is missing or malformed."""
    return VenueError(_BAD, "40019", f"Parameter {name} cannot be empty")


def wrong(name: str) -> VenueError:
    """Return the error that a parameter has a value that it may not have."""
    return VenueError(_BAD, "40020", f"Parameter {name} error")


def unknown_symbol() -> VenueError:
    """Return the error that there is no such symbol."""
    return VenueError(_BAD, "40034", "Parameter symbol does not exist")


def shut() -> VenueError:
    """Return the error that a market takes no order that opens."""
    return VenueError(_BAD, "45119", "This symbol does not support position opening operation")


def order_not_found() -> VenueError:
    """Return the error that a query finds no order."""
    return VenueError(_BAD, "40109", "The data of the order cannot be found, please confirm the order number")


def nothing_to_cancel() -> VenueError:
    """Return the error that there is no such order to cancel."""
    return VenueError(_BAD, "40768", "Order does not exist")


def wrong_position_mode() -> VenueError:
    """Return the error that the order's kind and the account's position mode differ."""
    message = "The order type for unilateral position must also be the unilateral position type."
    return VenueError(_BAD, "40774", message)


def no_such_path() -> VenueError:
    """Return the error that there is no such endpoint."""
    return VenueError(404, "40404", "Request URL NOT FOUND")


_MESSAGES: Final[dict[RejectReason, str]] = {
    RejectReason.INSUFFICIENT_MARGIN: "The order amount exceeds the balance",
    RejectReason.BELOW_MIN_QUANTITY: "The order quantity is less than the minimum",
    RejectReason.ABOVE_MAX_QUANTITY: "The order quantity is greater than the maximum",
    RejectReason.REDUCE_ONLY: "No position to close",
    RejectReason.DUPLICATE_ID: "Duplicate clientOid",
    RejectReason.BAD_ID: "Client_oid length is not greater than 50, and cannot be Martian characters",
    RejectReason.TOO_MANY_ORDERS: "The number of open orders has reached the limit",
    RejectReason.MAX_POSITION: "Maximum order value limit triggered",
    RejectReason.MAINTENANCE: "The contract is being temporarily maintained",
}


def refused(rejected: Rejected, least_notional: str) -> VenueError:
    """Return why the engine refused an order."""
    if rejected.reason is RejectReason.BELOW_MIN_NOTIONAL:
        message = f"less than the minimum amount {least_notional} USDT"
    else:
        message = _MESSAGES.get(rejected.reason, rejected.message)
    return VenueError(_BAD, rejected.code, message)


def render(error: VenueError, now: datetime) -> Answer:
    """Put an error into Bitget's body."""
    body = {"code": error.code, "msg": error.message, "requestTime": millis(now), "data": None}
    return Answer(error.status, json.dumps(body, separators=(",", ":")).encode(), {})
