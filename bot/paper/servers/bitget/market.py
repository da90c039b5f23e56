"""Bitget's public endpoints: rules, prices, books, funding."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from itertools import islice

from bot.core.types import Symbol
from bot.paper.engine import snapshot_views
from bot.paper.servers.assets import WORTH
from bot.paper.servers.bitget import errors
from bot.paper.servers.bitget.call import Public
from bot.paper.servers.bitget.render import Json
from bot.paper.servers.records import USDT
from bot.paper.servers.venue import id_of
from bot.paper.servers.wire import fixed, millis, places, plain

_HOUR = timedelta(hours=1)
_DEPTHS = {"1": 1, "5": 5, "15": 15, "50": 50, "100": 100, "max": 1000}


def server_time(call: Public) -> object:
    """Return the venue's clock."""
    return {"serverTime": str(millis(call.now))}


def nothing(_: Public) -> object:
    """Return an empty list: the venue has no spot and no margin markets."""
    return []


def coins(_: Public) -> object:
    """Return the one coin that the venue holds."""
    return [{"coinId": "2", "coin": "USDT", "transfer": "true", "chains": [], "areaCoin": "no"}]


def contracts(call: Public) -> object:
    """Return every market's rules; the venue has USDT-margined ones only."""
    if not call.has_product():
        return []
    symbol = call.maybe_symbol()
    return [_contract(call, one) for one in call.venue.ids.values() if symbol is None or one == symbol]


def _contract(call: Public, symbol: Symbol) -> Json:
    rules = call.venue.rules.symbols[symbol]
    market = rules.market
    base, quote = symbol.split(":", maxsplit=1)[0].split("/")
    step = market.tick.scaleb(places(market.tick))
    return {
        "symbol": id_of(symbol),
        "baseCoin": base,
        "quoteCoin": quote,
        "buyLimitPriceRatio": plain(rules.price_band),
        "sellLimitPriceRatio": plain(rules.price_band),
        "feeRateUpRatio": "0.005",
        "makerFeeRate": plain(market.maker_fee),
        "takerFeeRate": plain(market.taker_fee),
        "openCostUpRatio": "0.01",
        "supportMarginCoins": [quote],
        "minTradeNum": plain(market.min_quantity),
        "priceEndStep": plain(step),
        "volumePlace": str(places(market.lot)),
        "pricePlace": str(places(market.tick)),
        "sizeMultiplier": plain(market.lot),
        "symbolType": "perpetual",
        "minTradeUSDT": plain(market.min_notional),
        "maxSymbolOrderNum": str(call.venue.rules.max_open_orders),
        "maxProductOrderNum": str(call.venue.rules.max_open_orders * 2),
        "maxPositionNum": "150",
        "symbolStatus": call.venue.shut.get(symbol, "normal"),
        "offTime": "-1",
        "limitOpenTime": "-1",
        "deliveryTime": "",
        "deliveryStartTime": "",
        "deliveryPeriod": "",
        "launchTime": "",
        "fundInterval": str(rules.funding_interval // _HOUR),
        "minLever": "1",
        "maxLever": plain(max(tier.max_leverage for tier in market.tiers)),
        "posLimit": "0.05",
        "maintainTime": "",
        "maxMarketOrderQty": plain(market.max_quantity),
        "maxOrderQty": plain(market.max_quantity),
        "isRwa": "NO",
    }


def ticker(call: Public) -> object:
    """Return a market's prices."""
    return [ticker_of(call, call.symbol())]


def tickers(call: Public) -> object:
    """Return every market's prices."""
    return [ticker_of(call, symbol) for symbol in call.venue.ids.values()] if call.has_product() else []


def ticker_of(call: Public, symbol: Symbol) -> Json:
    """Return one market's prices."""
    account, rules = call.engine.account, call.venue.rules.symbols[symbol]
    book, market = snapshot_views.book(account, rules), account.markets[symbol]
    tick, lot = places(rules.market.tick), places(rules.market.lot)
    last = fixed(market.last, tick)
    return {
        "symbol": id_of(symbol),
        "lastPr": last,
        "askPr": fixed(book.ask, tick),
        "bidPr": fixed(book.bid, tick),
        "bidSz": fixed(book.bid_size, lot),
        "askSz": fixed(book.ask_size, lot),
        "high24h": last,
        "low24h": last,
        "ts": str(millis(market.as_of)),
        "change24h": "0",
        "baseVolume": "0",
        "quoteVolume": "0",
        "usdtVolume": "0",
        "openUtc": last,
        "changeUtc24h": "0",
        "indexPrice": plain(market.index),
        "fundingRate": plain(account.funding[symbol].rate),
        "holdingAmount": "0",
        "deliveryStartTime": None,
        "deliveryTime": None,
        "deliveryStatus": "",
        "open24h": last,
        "markPrice": plain(market.mark),
    }


def spot_tickers(call: Public) -> object:
    """Return the spot price of what customers hold besides USDT; there are no other spot markets."""
    wanted = call.params.maybe("symbol")
    rows = [_spot_ticker(call, asset, price) for asset, price in WORTH.items()]
    return [row for row in rows if wanted is None or row["symbol"] == wanted.upper()]


def _spot_ticker(call: Public, asset: str, price: Decimal) -> Json:
    last = plain(price)
    return {
        **dict.fromkeys(("open", "high24h", "low24h", "lastPr", "bidPr", "askPr", "openUtc"), last),
        "symbol": f"{asset}{USDT}",
        "quoteVolume": "0",
        "baseVolume": "0",
        "usdtVolume": "0",
        "ts": str(millis(call.now)),
        "bidSz": "1",
        "askSz": "1",
        "changeUtc24h": "0",
        "change24h": "0",
    }


def symbol_price(call: Public) -> object:
    """Return last, mark and index price."""
    symbol = call.symbol()
    market = call.engine.account.markets[symbol]
    return [
        {
            "symbol": id_of(symbol),
            "price": plain(market.last),
            "indexPrice": plain(market.index),
            "markPrice": plain(market.mark),
            "ts": str(millis(market.as_of)),
        }
    ]


def merge_depth(call: Public) -> object:
    """Return the levels of the book, less what the account took from it; they are JSON numbers there."""
    symbol = call.symbol()
    limit = _DEPTHS.get((call.params.maybe("limit") or "100").lower())
    if limit is None:
        raise errors.wrong("limit")
    account, rules = call.engine.account, call.venue.rules.symbols[symbol]

    def side(*, buying: bool) -> list[list[float]]:
        shown = islice(snapshot_views.offers(account, rules, buying=buying), limit)
        return [[float(level.price), float(level.size)] for level in shown]

    return {
        "asks": side(buying=True),
        "bids": side(buying=False),
        "ts": str(millis(account.markets[symbol].as_of)),
        "scale": plain(rules.market.tick),
        "precision": "scale0",
        "isMaxPrecision": "NO",
    }


def current_fund_rate(call: Public) -> object:
    """Return the funding rate that comes next."""
    symbol = call.symbol()
    state, interval = call.engine.account.funding[symbol], call.venue.rules.symbols[symbol].funding_interval
    return [
        {
            "symbol": id_of(symbol),
            "fundingRate": plain(state.rate),
            "fundingRateInterval": str(interval // _HOUR),
            "nextUpdate": str(millis(state.next_at)),
            "minFundingRate": "-0.003",
            "maxFundingRate": "0.003",
        }
    ]


def funding_time(call: Public) -> object:
    """Return the time of the next funding."""
    symbol = call.symbol()
    interval = call.venue.rules.symbols[symbol].funding_interval
    return [
        {
            "symbol": id_of(symbol),
            "nextFundingTime": str(millis(call.engine.account.funding[symbol].next_at)),
            "ratePeriod": str(interval // _HOUR),
        }
    ]


def history_fund_rate(call: Public) -> object:
    """Return past funding rates, newest first. The rate in force stands for all of the past, since only it is kept."""
    symbol = call.symbol()
    size, page = call.params.maybe_integer("pageSize") or 20, call.params.maybe_integer("pageNo") or 1
    state, interval = call.engine.account.funding[symbol], call.venue.rules.symbols[symbol].funding_interval
    skipped = (page - 1) * size
    return [
        {
            "symbol": id_of(symbol),
            "fundingRate": plain(state.rate),
            "fundingTime": str(millis(state.next_at - interval * number)),
        }
        for number in range(skipped + 1, skipped + min(size, 100) + 1)
    ]


def position_tiers(call: Public) -> object:
    """Return the margin tiers."""
    symbol = call.symbol()
    return [
        {
            "symbol": id_of(symbol),
            "level": str(number),
            "startUnit": plain(tier.notional_floor),
            "endUnit": plain(tier.notional_cap),
            "leverage": plain(tier.max_leverage),
            "keepMarginRate": plain(tier.maintenance_rate),
        }
        for number, tier in enumerate(call.market(symbol).tiers, 1)
    ]
