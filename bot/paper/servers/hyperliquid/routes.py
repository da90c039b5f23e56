"""Hyperliquid's questions and actions by their type, and its words for the frame."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import ClassVar, Final

from bot.paper.servers.desk import Desk
from bot.paper.servers.frame import Call, CustomerCall, Frame, Headers, Route
from bot.paper.servers.hyperliquid import account, auth, errors, history, market, setup, trading
from bot.paper.servers.hyperliquid.call import Act, Ask
from bot.paper.servers.hyperliquid.render import Json
from bot.paper.servers.hyperliquid.streams import Stream
from bot.paper.servers.push import Channel
from bot.paper.servers.venue import Answer, Errand, Incoming, Venue
from bot.paper.servers.wire import Params, VenueError

HOSTS: Final = (auth.MAIN_HOST, auth.TEST_HOST)
"""The hosts that ccxt's hyperliquid calls, live and on the testnet, its streams included."""

INFO: Final[Mapping[str, Callable[[Ask], object]]] = {
    "exchangeStatus": market.status,
    "meta": market.meta,
    "metaAndAssetCtxs": market.contexts,
    "perpDexs": market.dexes,
    "spotMeta": market.spot_meta,
    "spotMetaAndAssetCtxs": market.spot_contexts,
    "allMids": market.mids,
    "l2Book": market.book,
    "candleSnapshot": market.candles,
    "fundingHistory": history.funding_history,
    "clearinghouseState": account.state,
    "spotClearinghouseState": account.spot,
    "activeAssetData": account.asset_data,
    "openOrders": account.plain_orders,
    "frontendOpenOrders": account.open_orders,
    "orderStatus": account.order_status,
    "historicalOrders": history.orders,
    "userFills": history.fills,
    "userFillsByTime": history.fills_by_time,
    "userFunding": history.fundings,
    "userNonFundingLedgerUpdates": history.updates,
    "userFees": account.fees,
    "userRole": account.role,
    "userAbstraction": account.abstraction,
    "extraAgents": account.agents,
    "userRateLimit": account.budget,
}
ACTIONS: Final[Mapping[str, Callable[[Act], Json]]] = {
    "order": trading.place,
    "modify": trading.modify,
    "batchModify": trading.batch_modify,
    "cancel": trading.cancel,
    "cancelByCloid": trading.cancel_by_cloid,
    "updateLeverage": setup.update_leverage,
    "updateIsolatedMargin": setup.update_isolated_margin,
}
_ERRANDS: Final = {
    **dict.fromkeys(("order", "modify", "batchModify"), Errand.PLACE),
    **dict.fromkeys(("cancel", "cancelByCloid"), Errand.CANCEL),
}
_STREAM: Final = "/ws"


class Hyperliquid(Frame):
    """Hyperliquid's wire format: everything is a POST, and the body says what is meant."""

    calls = (Call, CustomerCall)
    public: ClassVar[Mapping[Route, Callable[..., object]]] = {}
    private: ClassVar[Mapping[Route, Callable[..., object]]] = {}
    errands: ClassVar[Mapping[Route, Errand]] = {}

    def __init__(self) -> None:
        self._nonces = auth.Nonces()

    def errand(self, incoming: Incoming) -> Errand:
        """Return what a request is about."""
        try:
            action = _body(incoming).get("action")
        except VenueError:
            return Errand.OTHER
        kind = action.get("type") if isinstance(action, dict) else None
        return _ERRANDS.get(str(kind), Errand.OTHER)

    def is_read(self, incoming: Incoming) -> bool:
        """Whether a request changes nothing."""
        return incoming.path == "/info"

    def parameters(self, incoming: Incoming) -> Params:
        """Read the body."""
        return Params(_body(incoming), errors.unread)

    def signed(self, venue: Venue, incoming: Incoming) -> Desk:
        """Return the customer whose agent signed an action."""
        return auth.signed(venue.desks, incoming, _body(incoming), self._nonces)

    def stream(self, venue: Venue, incoming: Incoming) -> Channel:
        """Open the stream."""
        if incoming.path != _STREAM:
            raise errors.unread(incoming.path)
        return Stream(venue)

    def failure(self, error: VenueError, now: datetime, headers: Headers) -> Answer:
        """Put a refusal into the venue's words."""
        del now, headers
        return errors.render(error)

    def away(self, why: str) -> Answer:
        """Return the error that the venue can't serve now and has done nothing."""
        return Answer(503, f"Service unavailable: {why}".encode(), {}, "text/plain")

    def otherwise(self, venue: Venue, incoming: Incoming) -> object:
        """Answer a question, or do an action."""
        params, now = self.parameters(incoming), venue.clock.now()
        match incoming.method, incoming.path:
            case "POST", "/info":
                asked = INFO.get(params.text("type"))
                if asked is None:
                    raise errors.unread("type")
                return asked(Ask(venue, params, now, venue.desks.get(str(params.values.get("user")).lower())))
            case "POST", "/exchange":
                desk = self.signed(venue, incoming)
                action = params.values["action"]
                kind = action.get("type") if isinstance(action, dict) else None
                done = ACTIONS.get(str(kind))
                if done is None or not isinstance(action, dict):
                    raise errors.refused(f"{kind} is not served here")
                return {"status": "ok", "response": done(Act(venue, params, now, desk, action))}
            case _:
                raise errors.unread(incoming.path)


def _body(incoming: Incoming) -> Json:
    try:
        body = json.loads(incoming.body)
    except (ValueError, RecursionError) as error:
        raise errors.unread("no JSON") from error
    if not isinstance(body, dict):
        raise errors.unread("no object")
    return body
