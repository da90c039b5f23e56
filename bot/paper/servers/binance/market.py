"""Binance's public endpoints: rules, prices, books, funding."""

from __future__ import annotations

from datetime import timedelta
from itertools import islice

from bot.core.market import PerpMarket
from bot.core.types import ZERO, Symbol
from bot.paper.engine import snapshot_views
from bot.paper.engine.book import Level
from bot.paper.engine.rules import SymbolRules
from bot.paper.servers.assets import WORTH
from bot.paper.servers.binance.call import Public
from bot.paper.servers.binance.render import CASH, Json, price_text, size_text
from bot.paper.servers.records import USDT
from bot.paper.servers.venue import id_of
from bot.paper.servers.wire import VenueError, fixed, millis, places, plain

_PERPETUAL = 4133404800000
_ONBOARD = 1569398400000
_ORDER_TYPES = ["LIMIT", "MARKET", "STOP_MARKET"]
_DEPTHS = (5, 10, 20, 50, 100, 500, 1000)


def ping(_: Public) -> object:
    """Answer."""
    return {}


def server_time(call: Public) -> object:
    """Return the venue's clock."""
    return {"serverTime": millis(call.now)}


def exchange_info(call: Public) -> object:
    """Return every market's rules and the request limits."""
    return {
        "timezone": "UTC",
        "serverTime": millis(call.now),
        "futuresType": "U_MARGINED",
        "rateLimits": [
            {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 2400},
            {"rateLimitType": "ORDERS", "interval": "MINUTE", "intervalNum": 1, "limit": 1200},
            {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 300},
        ],
        "exchangeFilters": [],
        "assets": [{"asset": "USDT", "marginAvailable": True, "autoAssetExchange": "-10000"}],
        "symbols": [_symbol(call, symbol) for symbol in call.venue.ids.values()],
    }


def _symbol(call: Public, symbol: Symbol) -> Json:
    rules = call.venue.rules.symbols[symbol]
    market = rules.market
    base, quote = symbol.split(":", maxsplit=1)[0].split("/")
    return {
        "symbol": id_of(symbol),
        "pair": id_of(symbol),
        "contractType": "PERPETUAL",
        "deliveryDate": _PERPETUAL,
        "onboardDate": _ONBOARD,
        "status": call.venue.shut.get(symbol, "TRADING"),
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "baseAsset": base,
        "quoteAsset": quote,
        "marginAsset": quote,
        "pricePrecision": places(market.tick),
        "quantityPrecision": places(market.lot),
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "underlyingSubType": [],
        "triggerProtect": "0.0500",
        "liquidationFee": "0.012500",
        "marketTakeBound": fixed(rules.price_band, 2),
        "maxMoveOrderLimit": 10000,
        "filters": _filters(call, rules, market),
        "orderTypes": _ORDER_TYPES,
        "timeInForce": ["GTC", "IOC", "GTX"],
    }


def _filters(call: Public, rules: SymbolRules, market: PerpMarket) -> list[Json]:
    lot = {
        "minQty": plain(market.min_quantity),
        "maxQty": plain(market.max_quantity),
        "stepSize": plain(market.lot),
    }
    return [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": plain(market.tick),
            "maxPrice": plain(market.tick * 10**8),
            "tickSize": plain(market.tick),
        },
        {"filterType": "LOT_SIZE", **lot},
        {"filterType": "MARKET_LOT_SIZE", **lot},
        {"filterType": "MAX_NUM_ORDERS", "limit": call.venue.rules.max_open_orders},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "limit": call.venue.rules.max_stop_orders},
        {"filterType": "MIN_NOTIONAL", "notional": plain(market.min_notional)},
        {
            "filterType": "PERCENT_PRICE",
            "multiplierUp": fixed(1 + rules.price_band, 4),
            "multiplierDown": fixed(1 - rules.price_band, 4),
            "multiplierDecimal": "4",
        },
    ]


def premium_index(call: Public) -> object:
    """Return mark price, index price and the funding rate that comes next."""
    asset = (call.params.maybe("symbol") or "").removesuffix(USDT)
    if asset in WORTH:
        return _premium_of_asset(call, asset)
    found = [_premium(call, symbol) for symbol in call.symbols()]
    return found[0] if call.params.maybe("symbol") else found


def _premium_of_asset(call: Public, asset: str) -> Json:
    price = fixed(WORTH[asset], CASH)
    return {
        "symbol": f"{asset}{USDT}",
        **dict.fromkeys(("markPrice", "indexPrice", "estimatedSettlePrice"), price),
        "lastFundingRate": fixed(ZERO, CASH),
        "interestRate": "0.00010000",
        "nextFundingTime": millis(call.now + timedelta(hours=8)),
        "time": millis(call.now),
    }


def _premium(call: Public, symbol: Symbol) -> Json:
    account = call.engine.account
    market, funding = account.markets[symbol], account.funding[symbol]
    return {
        "symbol": id_of(symbol),
        "markPrice": fixed(market.mark, CASH),
        "indexPrice": fixed(market.index, CASH),
        "estimatedSettlePrice": fixed(market.index, CASH),
        "lastFundingRate": fixed(funding.rate, CASH),
        "interestRate": "0.00010000",
        "nextFundingTime": millis(funding.next_at),
        "time": millis(market.as_of),
    }


def funding_info(call: Public) -> object:
    """Return the funding interval of every market."""
    hour = timedelta(hours=1)
    return [
        {
            "symbol": id_of(symbol),
            "adjustedFundingRateCap": "0.03000000",
            "adjustedFundingRateFloor": "-0.03000000",
            "fundingIntervalHours": call.venue.rules.symbols[symbol].funding_interval // hour,
            "disclaimer": False,
        }
        for symbol in call.venue.ids.values()
    ]


def book_ticker(call: Public) -> object:
    """Return the touch of the book."""
    found = [_touch(call, symbol) for symbol in call.symbols()]
    return found[0] if call.params.maybe("symbol") else found


def _touch(call: Public, symbol: Symbol) -> Json:
    book = snapshot_views.book(call.engine.account, call.venue.rules.symbols[symbol])
    market = call.market(symbol)
    return {
        "symbol": id_of(symbol),
        "bidPrice": price_text(market, book.bid),
        "bidQty": size_text(market, book.bid_size),
        "askPrice": price_text(market, book.ask),
        "askQty": size_text(market, book.ask_size),
        "time": millis(book.as_of),
        "lastUpdateId": millis(call.now),
    }


def price_ticker(call: Public) -> object:
    """Return the price last traded at."""
    found = [
        {
            "symbol": id_of(symbol),
            "price": price_text(call.market(symbol), call.engine.account.markets[symbol].last),
            "time": millis(call.engine.account.markets[symbol].as_of),
        }
        for symbol in call.symbols()
    ]
    return found[0] if call.params.maybe("symbol") else found


def day_ticker(call: Public) -> object:
    """Return the last price with the statistics of a day, which the paper exchange does not keep: all 0."""
    found = [_day(call, symbol) for symbol in call.symbols()]
    return found[0] if call.params.maybe("symbol") else found


def _day(call: Public, symbol: Symbol) -> Json:
    market, account = call.market(symbol), call.engine.account
    last = price_text(market, account.markets[symbol].last)
    now = millis(account.markets[symbol].as_of)
    return {
        "symbol": id_of(symbol),
        "priceChange": price_text(market, None),
        "priceChangePercent": "0.000",
        "weightedAvgPrice": last,
        "lastPrice": last,
        "lastQty": size_text(market, market.lot),
        "openPrice": last,
        "highPrice": last,
        "lowPrice": last,
        "volume": "0",
        "quoteVolume": "0",
        "openTime": now - 86_400_000,
        "closeTime": now,
        "firstId": 0,
        "lastId": 0,
        "count": 0,
    }


def depth(call: Public) -> object:
    """Return the levels of the book, less what the account took from it."""
    symbol = call.symbol()
    limit = call.params.maybe_integer("limit") or 500
    if limit not in _DEPTHS:
        raise VenueError(400, "-4021", f"{limit} is not valid depth limit.")
    account, rules = call.engine.account, call.venue.rules.symbols[symbol]
    now = millis(account.markets[symbol].as_of)

    def side(*, buying: bool) -> list[list[str]]:
        shown = islice(snapshot_views.offers(account, rules, buying=buying), limit)
        return [_row(rules.market, level) for level in shown]

    return {
        "lastUpdateId": millis(call.now),
        "E": millis(call.now),
        "T": now,
        "bids": side(buying=False),
        "asks": side(buying=True),
    }


def _row(market: PerpMarket, level: Level) -> list[str]:
    return [price_text(market, level.price), size_text(market, level.size)]


def funding_rate(call: Public) -> object:
    """Return past funding rates. The rate in force is shown for all of the past, since only it is kept."""
    limit = min(call.params.maybe_integer("limit") or 100, 1000)
    start, end = call.params.maybe_time("startTime"), call.params.maybe_time("endTime")
    rows: list[Json] = []
    for symbol in call.symbols():
        account, interval = call.engine.account, call.venue.rules.symbols[symbol].funding_interval
        at = account.funding[symbol].next_at - interval
        found: list[Json] = []
        while at >= account.opened_at - interval * limit and len(found) < limit and (start is None or at >= start):
            if end is None or at <= end:
                found.append(
                    {
                        "symbol": id_of(symbol),
                        "fundingTime": millis(at),
                        "fundingRate": fixed(account.funding[symbol].rate, CASH),
                        "markPrice": fixed(account.markets[symbol].mark, CASH),
                    }
                )
            at -= interval
        rows += reversed(found)
    return rows
