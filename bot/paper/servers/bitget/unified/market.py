"""The v3 interface's public endpoints: rules, prices, books, funding, tiers."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from itertools import islice

from bot.core.types import Symbol
from bot.paper.engine import snapshot_views
from bot.paper.servers.assets import WORTH
from bot.paper.servers.bitget.render import Json
from bot.paper.servers.bitget.unified import errors
from bot.paper.servers.bitget.unified.call import CATEGORY, Public
from bot.paper.servers.records import USDT
from bot.paper.servers.venue import id_of
from bot.paper.servers.wire import fixed, millis, places, plain

_HOUR = timedelta(hours=1)
_DEEPEST = 200


def server_time(call: Public) -> object:
    """Return the venue's clock."""
    return {"serverTime": str(millis(call.now))}


def instruments(call: Public) -> object:
    """Return every market's rules; of the other categories the venue has the spot markets of other coins."""
    match call.category():
        case "USDT-FUTURES":
            wanted = call.maybe_symbol()
            return [_instrument(call, one) for one in call.venue.ids.values() if wanted in (None, one)]
        case "SPOT":
            return [_spot(asset) for asset in WORTH]
        case _:
            return []


def _instrument(call: Public, symbol: Symbol) -> Json:
    rules = call.venue.rules.symbols[symbol]
    market = rules.market
    base, quote = symbol.split(":", maxsplit=1)[0].split("/")
    return {
        "symbol": id_of(symbol),
        "category": CATEGORY,
        "baseCoin": base,
        "quoteCoin": quote,
        "isRwa": "NO",
        "isReality": "no",
        "buyLimitPriceRatio": plain(rules.price_band),
        "sellLimitPriceRatio": plain(rules.price_band),
        "feeRateUpRatio": "0.005",
        "makerFeeRate": plain(market.maker_fee),
        "takerFeeRate": plain(market.taker_fee),
        "openCostUpRatio": "0.01",
        "minOrderQty": plain(market.min_quantity),
        "maxOrderQty": plain(market.max_quantity),
        "pricePrecision": str(places(market.tick)),
        "quantityPrecision": str(places(market.lot)),
        "quotePrecision": "",
        "priceMultiplier": plain(market.tick),
        "quantityMultiplier": plain(market.lot),
        "type": "perpetual",
        "minOrderAmount": plain(market.min_notional),
        "maxSymbolOrderNum": "",
        "maxProductOrderNum": str(call.venue.rules.max_open_orders * 2),
        "maxPositionNum": "200",
        "status": call.venue.shut.get(symbol, "online"),
        "offTime": "-1",
        "limitOpenTime": "-1",
        "deliveryTime": "",
        "deliveryStartTime": "",
        "deliveryPeriod": "",
        "launchTime": "0",
        "fundInterval": str(rules.funding_interval // _HOUR),
        "minLeverage": "1",
        "maxLeverage": plain(max(tier.max_leverage for tier in market.tiers)),
        "maintainTime": "",
        "symbolType": "crypto",
        "maxMarketOrderQty": plain(market.max_quantity),
    }


def _spot(asset: str) -> Json:
    return {
        "symbol": f"{asset}{USDT}",
        "category": "SPOT",
        "baseCoin": asset,
        "quoteCoin": USDT,
        "buyLimitPriceRatio": "0.02",
        "sellLimitPriceRatio": "0.02",
        "minOrderQty": "0.0001",
        "maxOrderQty": "0",
        "pricePrecision": "2",
        "quantityPrecision": "4",
        "quotePrecision": "6",
        "minOrderAmount": "1",
        "maxSymbolOrderNum": "",
        "maxProductOrderNum": "400",
        "status": "online",
        "maintainTime": "",
        "maxPositionNum": "200",
        "symbolType": "crypto",
        "launchTime": "0",
    }


def tickers(call: Public) -> object:
    """Return prices: of every perpetual or one, or on the spot market of what customers hold besides USDT."""
    category, name = call.category(), call.params.maybe("symbol")
    if category == "SPOT":
        rows = [_spot_ticker(call, asset, price) for asset, price in WORTH.items()]
        return [row for row in rows if name is None or row["symbol"] == name.upper()]
    if category != CATEGORY:
        return []
    wanted = call.maybe_symbol()
    return [ticker_of(call, symbol) for symbol in call.venue.ids.values() if wanted in (None, symbol)]


def ticker_of(call: Public, symbol: Symbol) -> Json:
    """Return one perpetual's prices."""
    account, rules = call.engine.account, call.venue.rules.symbols[symbol]
    book, market = snapshot_views.book(account, rules), account.markets[symbol]
    tick, lot = places(rules.market.tick), places(rules.market.lot)
    last = fixed(market.last, tick)
    return {
        "category": CATEGORY,
        "symbol": id_of(symbol),
        "ts": str(millis(market.as_of)),
        "lastPrice": last,
        "openPrice24h": last,
        "highPrice24h": last,
        "lowPrice24h": last,
        "ask1Price": fixed(book.ask, tick),
        "bid1Price": fixed(book.bid, tick),
        "bid1Size": fixed(book.bid_size, lot),
        "ask1Size": fixed(book.ask_size, lot),
        "price24hPcnt": "0",
        "volume24h": "0",
        "turnover24h": "0",
        "indexPrice": plain(market.index),
        "markPrice": plain(market.mark),
        "fundingRate": plain(account.funding[symbol].rate),
        "openInterest": "0",
        "deliveryStartTime": "",
        "deliveryTime": "",
        "deliveryStatus": "",
    }


def _spot_ticker(call: Public, asset: str, price: Decimal) -> Json:
    last = plain(price)
    same = ("lastPrice", "openPrice24h", "highPrice24h", "lowPrice24h", "ask1Price", "bid1Price")
    return {
        "category": "SPOT",
        "symbol": f"{asset}{USDT}",
        "ts": str(millis(call.now)),
        **dict.fromkeys(same, last),
        "bid1Size": "1",
        "ask1Size": "1",
        "price24hPcnt": "0",
        "volume24h": "0",
        "turnover24h": "0",
    }


def orderbook(call: Public) -> object:
    """Return the levels of the book, less what the account took from it; they are JSON numbers there."""
    call.futures()
    symbol = call.symbol()
    limit = call.params.maybe_integer("limit") or 5
    if not 0 < limit <= _DEEPEST:
        raise errors.wrong("limit")
    account, rules = call.engine.account, call.venue.rules.symbols[symbol]

    def side(*, buying: bool) -> list[list[float]]:
        shown = islice(snapshot_views.offers(account, rules, buying=buying), limit)
        return [[float(level.price), float(level.size)] for level in shown]

    return {"a": side(buying=True), "b": side(buying=False), "ts": str(millis(account.markets[symbol].as_of))}


def current_fund_rate(call: Public) -> object:
    """Return the funding rate that comes next."""
    wanted = call.maybe_symbol()
    return [_fund_rate(call, symbol) for symbol in call.venue.ids.values() if wanted in (None, symbol)]


def _fund_rate(call: Public, symbol: Symbol) -> Json:
    state, interval = call.engine.account.funding[symbol], call.venue.rules.symbols[symbol].funding_interval
    return {
        "symbol": id_of(symbol),
        "fundingRate": plain(state.rate),
        "fundingRateInterval": str(interval // _HOUR),
        "nextUpdate": str(millis(state.next_at)),
        "minFundingRate": "-0.003",
        "maxFundingRate": "0.003",
        "cashDividend": "0",
        "cashDividendNextUpdate": "0",
    }


def position_tier(call: Public) -> object:
    """Return the margin tiers."""
    call.futures()
    return [
        {
            "tier": str(number),
            "minTierValue": plain(tier.notional_floor),
            "maxTierValue": plain(tier.notional_cap),
            "leverage": plain(tier.max_leverage),
            "mmr": plain(tier.maintenance_rate),
        }
        for number, tier in enumerate(call.market(call.symbol()).tiers, 1)
    ]
