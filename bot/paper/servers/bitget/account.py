"""Bitget's account endpoints: balances, positions, and how the account is set up."""

from __future__ import annotations

from decimal import Decimal

from bot.core.orders import RejectReason
from bot.core.risk.margin import tier_for
from bot.core.types import ZERO, Symbol
from bot.paper.engine import collateral
from bot.paper.engine.rules import MarginMode
from bot.paper.servers.bitget import errors
from bot.paper.servers.bitget.call import Private
from bot.paper.servers.bitget.render import MODES, Json
from bot.paper.servers.bitget.trading import coin
from bot.paper.servers.venue import id_of
from bot.paper.servers.wire import VenueError, millis, plain


def accounts(call: Private) -> object:
    """Return the futures accounts of a product type: USDT, and what else the customer holds."""
    call.product()
    first = _wallet(call)
    rows = [first]
    for asset, amount in call.desk.assets.held.items():
        empty: Json = dict.fromkeys(first, "0")
        rows.append({**empty, "marginCoin": asset, "assetMode": "single", "accountEquity": plain(amount)})
    return rows


def account(call: Private) -> object:
    """Return the account with a symbol's settings."""
    symbol = call.symbol()
    coin(call)
    inner = call.desk.engine.account
    leverage = int(inner.leverage[symbol])
    return {
        **_wallet(call),
        "crossedMarginLeverage": leverage,
        "isolatedLongLever": leverage,
        "isolatedShortLever": leverage,
        "marginMode": MODES[inner.modes[symbol]],
        "posMode": _position_mode(call),
    }


def _position_mode(call: Private) -> str:
    return "hedge_mode" if call.desk.hedge_mode else "one_way_mode"


def _wallet(call: Private) -> Json:
    engine = call.desk.engine
    inner = engine.account
    free = collateral.available(inner)
    crossed = collateral.crossed(inner)
    cross_profit = sum((collateral.unrealised(inner, symbol) for symbol in crossed), ZERO)
    profit = engine.equity - inner.wallet
    apart = sum((position.margin for position in inner.positions.values()), ZERO)
    cross = collateral.cross_equity(inner)
    risk = collateral.total_maintenance(inner, engine.rules, crossed) / cross if cross > 0 else ZERO
    return {
        "marginCoin": "USDT",
        "locked": plain(collateral.total_initial_margin(inner) - _bound(call)),
        "available": plain(cross),
        "crossedMaxAvailable": plain(free),
        "isolatedMaxAvailable": plain(free),
        "maxTransferOut": plain(min(free, max(ZERO, collateral.cross_cash(inner)))),
        "accountEquity": plain(engine.equity),
        "usdtEquity": plain(engine.equity),
        "btcEquity": "0",
        "crossedRiskRate": plain(round(risk, 8)),
        "unrealizedPL": plain(profit) if any(position.size for position in inner.positions.values()) else "",
        "coupon": "0",
        "unionTotalMargin": None,
        "unionAvailable": None,
        "unionMm": None,
        "assetMode": "single",
        "isolatedMargin": plain(apart) if apart else None,
        "crossedMargin": plain(_bound(call)) if crossed else None,
        "crossedUnrealizedPL": plain(cross_profit) if crossed else "",
        "isolatedUnrealizedPL": plain(profit - cross_profit) if apart else "",
        "grant": "",
    }


def _bound(call: Private) -> Decimal:
    inner = call.desk.engine.account
    return sum((collateral.initial_margin(inner, symbol, ()) for symbol in inner.positions), ZERO)


def all_position(call: Private) -> object:
    """Return the open positions."""
    call.product()
    return [position(call, symbol) for symbol in call.venue.ids.values() if call.desk.size(symbol)]


def single_position(call: Private) -> object:
    """Return a symbol's position; an empty list while it is flat."""
    symbol = call.symbol()
    coin(call)
    return [position(call, symbol)] if call.desk.size(symbol) else []


def position(call: Private, symbol: Symbol) -> Json:
    """Return one open position."""
    engine = call.desk.engine
    inner, market = engine.account, call.market(symbol)
    position, held = inner.positions[symbol], engine.view().positions[symbol]
    size, mark = abs(position.size), inner.markets[symbol].mark
    opened, changed = _times(call, symbol)
    backing = held.margin + held.unrealised if inner.modes[symbol] is MarginMode.ISOLATED else engine.equity
    ratio = collateral.maintenance(inner, engine.rules, symbol) / backing if backing > 0 else Decimal(1)
    return {
        "marginCoin": "USDT",
        "symbol": id_of(symbol),
        "holdSide": "long" if position.size > 0 else "short",
        "openDelegateSize": "0",
        "marginSize": plain(held.margin),
        "available": plain(size),
        "locked": "0",
        "total": plain(size),
        "leverage": plain(held.leverage),
        "achievedProfits": "0",
        "openPriceAvg": plain(held.entry_price or ZERO),
        "marginMode": MODES[inner.modes[symbol]],
        "posMode": _position_mode(call),
        "unrealizedPL": plain(held.unrealised),
        "liquidationPrice": "0" if held.liquidation_price is None else plain(held.liquidation_price),
        "keepMarginRate": plain(tier_for(market.tiers, size * mark).maintenance_rate),
        "markPrice": plain(mark),
        "marginRatio": plain(round(ratio, 12)),
        "breakEvenPrice": plain(held.entry_price or ZERO),
        "totalFee": "",
        "deductedFee": "0",
        "grant": "",
        "takeProfit": "",
        "stopLoss": "",
        "takeProfitId": "",
        "stopLossId": "",
        "assetMode": "single",
        "autoMargin": "off",
        "cTime": opened,
        "uTime": changed,
    }


def _times(call: Private, symbol: Symbol) -> tuple[str, str]:
    """Return when a position was opened (as far as the first trade of the symbol tells) and last changed."""
    times = [trade.fill.at for trade in call.desk.records.trades if trade.fill.symbol == symbol]
    opened, changed = (times[0], times[-1]) if times else (call.now, call.now)
    return str(millis(opened)), str(millis(changed))


def set_leverage(call: Private) -> object:
    """Change a symbol's leverage."""
    symbol = call.symbol()
    coin(call)
    given = call.params.maybe_decimal("leverage") or call.params.maybe_decimal("shortLeverage")
    if given is None:
        raise errors.missing("leverage")
    refusal = call.desk.engine.set_leverage(symbol, given)
    if refusal is not None:
        codes = {
            RejectReason.MAX_POSITION: ("45113", "Maximum order value limit triggered"),
            RejectReason.INSUFFICIENT_MARGIN: ("40762", "The order amount exceeds the balance"),
        }
        raise VenueError(400, *codes.get(refusal.reason, ("40797", "Exceeded the maximum settable leverage")))
    text = plain(given)
    return {
        "symbol": id_of(symbol),
        "marginCoin": "USDT",
        "longLeverage": text,
        "shortLeverage": text,
        "crossMarginLeverage": text,
        "marginMode": MODES[call.desk.engine.account.modes[symbol]],
    }


def set_margin_mode(call: Private) -> object:
    """Change a symbol's margin mode."""
    symbol = call.symbol()
    coin(call)
    wanted = {text: mode for mode, text in MODES.items()}.get(call.params.text("marginMode"))
    if wanted is None:
        raise errors.wrong("marginMode")
    if call.desk.engine.set_margin_mode(symbol, wanted) is not None:
        message = "Currently holding positions or orders, the margin mode cannot be adjusted"
        raise VenueError(400, "45117", message)
    leverage = plain(call.desk.engine.account.leverage[symbol])
    return {
        "symbol": id_of(symbol),
        "marginCoin": "USDT",
        "longLeverage": leverage,
        "shortLeverage": leverage,
        "marginMode": MODES[wanted],
    }


def set_position_mode(call: Private) -> object:
    """Ask for separate long and short positions (in which the paper exchange takes no orders), or for one."""
    call.product()
    wanted = call.params.text("posMode")
    if wanted not in {"hedge_mode", "one_way_mode"}:
        raise errors.wrong("posMode")
    if call.desk.working() or any(call.desk.size(symbol) for symbol in call.venue.ids.values()):
        message = "Position mode cannot be switched while there are positions or orders"
        raise VenueError(400, "40920", message)
    call.desk.hedge_mode = wanted == "hedge_mode"
    return {"posMode": wanted}


def set_margin(call: Private) -> object:
    """Put cash aside for an isolated position, or take it back (negative)."""
    symbol = call.symbol()
    coin(call)
    amount = call.params.decimal("amount")
    if not call.desk.size(symbol):
        raise VenueError(400, "22002", "No position to close")
    if call.desk.engine.add_margin(symbol, amount) is not None:
        raise VenueError(400, "40713", "Cannot exceed the maximum transferable margin amount")
    return ""
