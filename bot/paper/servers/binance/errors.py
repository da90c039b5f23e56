"""Binance's error answers: HTTP status, code and message."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from bot.core.orders import Rejected, RejectReason
from bot.paper.servers.venue import Answer
from bot.paper.servers.wire import VenueError

_LONGEST_ID: Final = 36
_TOO_MANY: Final = 429
_UNAVAILABLE: Final = {"-1008", "-1016"}


def unauthorised() -> VenueError:
    """Return the error that the key is unknown or may not do this."""
    return VenueError(401, "-2015", "Invalid API-key, IP, or permissions for action.")


def malformed_key() -> VenueError:
    """Return the error that there is no key in the header."""
    return VenueError(401, "-2014", "API-key format invalid.")


def bad_signature() -> VenueError:
    """Return the error that the signature is not the secret's."""
    return VenueError(400, "-1022", "Signature for this request is not valid.")


def outside_window(*, ahead: bool) -> VenueError:
    """Return the error that the timestamp is too old, or more than a second in the future."""
    message = (
        "Timestamp for this request was 1000ms ahead of the server's time."
        if ahead
        else "Timestamp for this request is outside of the recvWindow."
    )
    return VenueError(400, "-1021", message)


def bad_window() -> VenueError:
    """Return the error that recvWindow is above its limit."""
    return VenueError(400, "-1131", "recvWindow must be less than 60000")


def missing(name: str) -> VenueError:
    """Return the error that a mandatory parameter is missing or malformed."""
    message = f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."
    return VenueError(400, "-1102", message)


def unread(name: str) -> VenueError:
    """Return the error that a parameter was sent that this order does not take."""
    return VenueError(400, "-1106", f"Parameter '{name}' sent when not required.")


def _too_long_id() -> VenueError:
    """Return the error that a client id is too long."""
    message = f"Client order id length should not be more than {_LONGEST_ID} chars"
    return VenueError(400, "-4015", message)


def _illegal(name: str) -> VenueError:
    """Return the error that a parameter holds characters that it may not."""
    return VenueError(400, "-1100", f"Illegal characters found in parameter '{name}'.")


def too_long_ago(days: int) -> VenueError:
    """Return the error that a history does not reach back that far."""
    return VenueError(400, "-4166", f"Search window is restricted to recent {days} days only.")


def unknown_symbol() -> VenueError:
    """Return the error that there is no such symbol."""
    return VenueError(400, "-1121", "Invalid symbol.")


def bad_order_type() -> VenueError:
    """Return the error that there is no such order type."""
    return VenueError(400, "-1116", "Invalid orderType.")


def bad_time_in_force() -> VenueError:
    """Return the error that there is no such time in force."""
    return VenueError(400, "-1115", "Invalid timeInForce.")


def bad_side() -> VenueError:
    """Return the error that a side is neither BUY nor SELL."""
    return VenueError(400, "-1117", "Invalid side.")


def too_precise() -> VenueError:
    """Return the error that a number has more decimals than the market takes."""
    return VenueError(400, "-1111", "Precision is over the maximum defined for this asset.")


def use_algo_service() -> VenueError:
    """Return the error that conditional orders have their own endpoint."""
    message = "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead."
    return VenueError(400, "-4120", message)


def wrong_position_side() -> VenueError:
    """Return the error that the order's position side and the account's position mode differ."""
    return VenueError(400, "-4061", "Order's position side does not match user's setting.")


def shut() -> VenueError:
    """Return the error that a market takes no order that opens."""
    return VenueError(400, "-4140", "Invalid symbol status for opening position.")


def order_not_found() -> VenueError:
    """Return the error that a query finds no order."""
    return VenueError(400, "-2013", "Order does not exist.")


def only_limit() -> VenueError:
    """Return the error that no other order is amended."""
    return VenueError(400, "-5025", "Only limit order is supported.")


def not_amendable() -> VenueError:
    """Return the error that nothing is amended while a market does not trade."""
    return VenueError(400, "-5024", "Symbol is not in trading status. Order amendment is not permitted.")


def same_order() -> VenueError:
    """Return the error that an amendment changes nothing."""
    return VenueError(400, "-5027", "No need to modify the order.")


def cancel_rejected() -> VenueError:
    """Return the error that there is no such order to cancel."""
    return VenueError(400, "-2011", "Unknown order sent.")


def no_such_path(path: str, method: str) -> VenueError:
    """Return the error that there is no such endpoint."""
    return VenueError(404, "-5000", f"Path {path}, Method {method} is invalid")


_MESSAGES: Final[dict[RejectReason, str]] = {
    RejectReason.INSUFFICIENT_MARGIN: "Margin is insufficient.",
    RejectReason.BELOW_MIN_QUANTITY: "Quantity less than or equal to zero.",
    RejectReason.ABOVE_MAX_QUANTITY: "Quantity greater than max quantity.",
    RejectReason.BAD_LOT: "Precision is over the maximum defined for this asset.",
    RejectReason.BAD_TICK: "Price not increased by tick size.",
    RejectReason.PRICE_OUT_OF_BAND: "The counterparty's best price does not meet the PERCENT_PRICE filter limit.",
    RejectReason.REDUCE_ONLY: "ReduceOnly Order is rejected.",
    RejectReason.WOULD_TAKE: (
        "Due to the order could not be executed as maker, the Post Only order will be rejected."
        " The order will not be recorded in the order history"
    ),
    RejectReason.WOULD_TRIGGER: "Order would immediately trigger.",
    RejectReason.DUPLICATE_ID: "ClientOrderId is duplicated.",
    RejectReason.TOO_MANY_ORDERS: "Reach max open order limit.",
    RejectReason.MAX_POSITION: "Exceeded the maximum allowable position at current leverage.",
    RejectReason.MAINTENANCE: "This service is no longer available.",
}


def refused(rejected: Rejected, least_notional: str) -> VenueError:
    """Return why the engine refused an order."""
    reason = rejected.reason
    match reason:
        case RejectReason.BAD_ID:
            return _too_long_id() if len(rejected.client_id) > _LONGEST_ID else _illegal("newClientOrderId")
        case RejectReason.BELOW_MIN_NOTIONAL:
            message = f"Order's notional must be no smaller than {least_notional} (unless you choose reduce only)."
        case _:
            message = _MESSAGES.get(reason, rejected.message)
    return VenueError(503 if rejected.code in _UNAVAILABLE else 400, rejected.code, message)


def render(error: VenueError, headers: Mapping[str, str]) -> Answer:
    """Put an error into Binance's body; a rate limit says for how long."""
    body = json.dumps({"code": int(error.code), "msg": error.message}, separators=(",", ":"))
    wait = {"Retry-After": "60"} if error.status == _TOO_MANY else {}
    return Answer(error.status, body.encode(), {**headers, **wait})
