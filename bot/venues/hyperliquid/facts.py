"""Hyperliquid: hosts, budgets, words and shapes, as its documentation (For developers, API) has them.

Every read is a POST to ``/info`` and every write one to ``/exchange``, so that an endpoint is called here by its path
and the ``type`` in the body: ``/info#clearinghouseState``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from bot.core.market import PriceKind
from bot.core.orders import RejectReason
from bot.exchange.facts import LIST, TEXT, UNREADABLE, Listing, Rule, Shape, VenueFacts
from bot.exchange.limiter import Charge, Window
from bot.venues.hyperliquid.api import quiet
from bot.venues.hyperliquid.order_ids import Cloids

WEIGHT: Final = Window("hyperliquid request weight", 1150, 60.0, reserved=60)
"""Documented: 1200 a minute per IP address."""
WEIGHTS: Final[Mapping[str, int]] = {
    "/exchange": 1,
    **dict.fromkeys(
        (
            *("/info#l2Book", "/info#clearinghouseState", "/info#orderStatus"),
            *("/info#spotClearinghouseState", "/info#exchangeStatus"),
        ),
        2,
    ),
    "/info#candleSnapshot": 60,
    "/info#userRole": 60,
    **dict.fromkeys(("/info#userFillsByTime", "/info#userFunding", "/info#fundingHistory"), 22),
    **dict.fromkeys(
        (
            *("/info#meta", "/info#metaAndAssetCtxs", "/info#perpDexs", "/info#activeAssetData", "/info#userFees"),
            *("/info#frontendOpenOrders", "/info#historicalOrders", "/info#userNonFundingLedgerUpdates"),
            *("/info#extraAgents", "/info#userAbstraction", "/info#userRateLimit", "/info#vaultDetails"),
        ),
        20,
    ),
}
"""Documented: 2, 20 or 60, and 1 more per 20 rows of a history, of which 40 are foreseen: a longer one is rare."""
_UNLISTED: Final = 60


def charges(_method: str, endpoint: str, _query: Mapping[str, str]) -> tuple[Charge, ...]:
    """Return what a request costs."""
    return (Charge(WEIGHT, WEIGHTS.get(endpoint, _UNLISTED)),)


def is_read(_method: str, path: str) -> bool:
    """Return whether a request only reads."""
    return path == "/info"


def endpoint(path: str, body: bytes) -> str:
    """Call a read by what it asks for."""
    if path != "/info":
        return path
    try:
        asked = json.loads(body)
    except ValueError:
        return path
    return f"{path}#{asked.get('type')}" if isinstance(asked, dict) else path


REFUSED: Final = "refused"
"""The code given here to an answer that refuses an action, whose only name is its text."""
UNKNOWN_OID: Final = "unknownOid"
NOT_DECODED: Final = "not decoded"
_UNDECODED: Final = "Failed to deserialize the JSON body into the target type"


def words(body: object, raw: bytes) -> tuple[str, str]:
    """Return a code and the venue's text: of a whole action that is refused, or of the one order in it."""
    if not isinstance(body, Mapping):
        text = raw.decode(errors="replace")
        return (NOT_DECODED if text.startswith(_UNDECODED) else UNREADABLE), text
    if body.get("status") == "err":
        return REFUSED, str(body.get("response"))
    if body.get("status") == UNKNOWN_OID:
        return UNKNOWN_OID, ""
    refused = _refused(body.get("response"))
    return ("", "") if refused is None else (REFUSED, refused)


def _refused(response: object) -> str | None:
    """Return the text of an order's, or a cancellation's, own refusal."""
    data = response.get("data") if isinstance(response, Mapping) else None
    statuses = data.get("statuses") if isinstance(data, Mapping) else None
    for status in statuses if isinstance(statuses, list) else ():
        if isinstance(status, Mapping) and "error" in status:
            return str(status["error"])
    return None


_R = RejectReason


def _texts(reason: RejectReason, *texts: str) -> tuple[Rule, ...]:
    return tuple(Rule(200, REFUSED, reason, text) for text in texts)


_REJECTIONS: Final = (
    *_texts(_R.INSUFFICIENT_MARGIN, "Insufficient margin to place order."),
    *_texts(_R.BELOW_MIN_NOTIONAL, "Order must have minimum value of $10"),
    *_texts(_R.BELOW_MIN_QUANTITY, "Order has zero size."),
    *_texts(_R.BAD_LOT, "Order has invalid size"),
    *_texts(_R.BAD_TICK, "Price must be divisible by tick size.", "Order has invalid price"),
    *_texts(
        _R.PRICE_OUT_OF_BAND,
        "Price too far from oracle",
        "Order price cannot be more than 80% away from the reference price",
        "Order price cannot be more than 95% away from the reference price",
        "Order could not immediately match against any resting orders.",
        "No liquidity available for market order.",
    ),
    *_texts(_R.REDUCE_ONLY, "Reduce only order would increase position."),
    *_texts(_R.WOULD_TAKE, "Post only order would have immediately matched"),
    *_texts(_R.WOULD_TRIGGER, "Invalid TP/SL price."),
    *_texts(_R.TOO_MANY_ORDERS, "Too many cumulative requests sent"),
    *_texts(
        _R.MAX_POSITION,
        "Order would increase open interest while open interest is capped",
        "Order would increase open interest too quickly",
        "Order would exceed margin tier limit at current leverage",
    ),
    # the action was never tried: nobody's key, an account without money, a wrong body
    *_texts(
        _R.OTHER,
        "User or API Wallet ",
        "Must deposit before performing actions.",
        "Vault not registered",
        "Order was never placed, already canceled, or filled.",
        "Cannot switch leverage type with open position.",
        "Cross margin is not allowed for this asset.",
        "does not have sufficient margin available to decrease leverage",
        "Update to isolated margin cannot be zero.",
        "Position does not use isolated margin.",
    ),
    Rule(422, NOT_DECODED, _R.OTHER),
)
"""The texts that the documentation and recorded answers show for what was not done.

Left out, so that they stay unknown: a nonce that is taken (the request that took it may have been this one), an action
that came too late, and every text that nobody explained.
"""

_STATE: Final = Shape(keys=("marginSummary", "crossMaintenanceMarginUsed", "withdrawable", "assetPositions", "time"))
SHAPES: Final[Mapping[str, Shape]] = {
    "/info#exchangeStatus": Shape(keys=("time",)),
    "/info#meta": Shape(keys=("universe", "marginTables")),
    "/info#metaAndAssetCtxs": LIST,
    "/info#perpDexs": LIST,
    "/info#l2Book": Shape(keys=("levels", "time")),
    "/info#clearinghouseState": _STATE,
    "/info#spotClearinghouseState": Shape(keys=("balances",)),
    "/info#activeAssetData": Shape(keys=("leverage",)),
    "/info#frontendOpenOrders": LIST,
    "/info#historicalOrders": LIST,
    "/info#orderStatus": Shape(keys=("status", "order")),
    "/info#userFillsByTime": LIST,
    "/info#userFunding": LIST,
    "/info#userNonFundingLedgerUpdates": LIST,
    "/info#userFees": Shape(keys=("userCrossRate", "userAddRate")),
    "/info#userRole": Shape(keys=("role",)),
    "/info#extraAgents": LIST,
    "/info#userAbstraction": TEXT,
    "/info#userRateLimit": Shape(keys=("nRequestsUsed", "nRequestsCap")),
    "/info#vaultDetails": Shape(keys=("leader",)),
}

FACTS: Final = VenueFacts(
    ccxt_id="hyperliquid",
    settle="USDC",
    hosts=frozenset({"api.hyperliquid.xyz"}),
    demo_hosts=frozenset({"api.hyperliquid-testnet.xyz"}),
    has_demo=True,
    demo_header=None,
    options={"defaultType": "swap", "builderFee": False, "fetchMarkets": {"types": ["swap"]}},
    charges=charges,
    counted={},
    silence=30.0,
    ok_codes=frozenset({""}),
    payload=None,
    shapes=SHAPES,
    rejections=_REJECTIONS,
    unknown_order=frozenset({(200, UNKNOWN_OID)}),
    clock_codes=frozenset(),
    key_codes=frozenset(),
    listings=(Listing({}),),
    mark_from=("fetch_funding_rate",),
    history_days=365,
    history_span=timedelta(days=400),
    funding_interval=timedelta(hours=1),
    candle_prices=frozenset({PriceKind.LAST}),
    candles_kept=5000,
    stream_hosts=frozenset({"api.hyperliquid.xyz"}),
    demo_stream_hosts=frozenset({"api.hyperliquid-testnet.xyz"}),
    ids=Cloids(),
    is_read=is_read,
    endpoint=endpoint,
    words=words,
    api_class=quiet,
)
