"""Binance's endpoints for how an account is set up: tiers, leverage, margin mode, position mode, isolated margin."""

from __future__ import annotations

from bot.core.orders import RejectReason
from bot.core.risk.margin import max_notional
from bot.core.types import ZERO, Symbol
from bot.paper.engine.order_checks import Refusal
from bot.paper.engine.rules import MarginMode
from bot.paper.servers.binance import errors
from bot.paper.servers.binance.account import settings
from bot.paper.servers.binance.call import Private, Public
from bot.paper.servers.binance.render import Json
from bot.paper.servers.venue import id_of
from bot.paper.servers.wire import VenueError, fixed, plain

_DONE: Json = {"code": 200, "msg": "success"}


def leverage_bracket(call: Private) -> object:
    """Return the margin tiers."""
    return [_brackets(call, symbol) for symbol in call.symbols()]


def _brackets(call: Public, symbol: Symbol) -> Json:
    return {
        "symbol": id_of(symbol),
        "notionalCoef": 1.0,
        "brackets": [
            {
                "bracket": number,
                "initialLeverage": int(tier.max_leverage),
                "notionalCap": float(tier.notional_cap),
                "notionalFloor": float(tier.notional_floor),
                "maintMarginRatio": float(tier.maintenance_rate),
                "cum": float(tier.maintenance_amount),
            }
            for number, tier in enumerate(call.market(symbol).tiers, 1)
        ],
    }


def set_leverage(call: Private) -> object:
    """Change a symbol's leverage."""
    symbol = call.symbol()
    leverage = call.params.decimal("leverage")
    refusal = call.desk.engine.set_leverage(symbol, leverage)
    if refusal is not None:
        raise _unwilling(refusal, VenueError(400, "-4028", f"Leverage {plain(leverage)} is not valid"))
    most = max_notional(call.market(symbol).tiers, leverage)
    return {"leverage": int(leverage), "maxNotionalValue": plain(most), "symbol": id_of(symbol)}


def set_margin_type(call: Private) -> object:
    """Change a symbol's margin mode."""
    symbol = call.symbol()
    mode = {"ISOLATED": MarginMode.ISOLATED, "CROSSED": MarginMode.CROSS}.get(call.params.text("marginType"))
    if mode is None:
        raise errors.missing("marginType")
    account = call.desk.engine.account
    if mode is account.modes[symbol]:
        raise VenueError(400, "-4046", "No need to change margin type.")
    if account.working(symbol):
        raise VenueError(400, "-4047", "Margin type cannot be changed if there exists open orders.")
    if call.desk.engine.set_margin_mode(symbol, mode) is not None:
        raise VenueError(400, "-4048", "Margin type cannot be changed if there exists position.")
    return _DONE


def position_mode(call: Private) -> object:
    """Return whether the account has separate long and short positions."""
    return {"dualSidePosition": call.desk.hedge_mode}


def set_position_mode(call: Private) -> object:
    """Ask for separate long and short positions (in which the paper exchange takes no orders), or for one."""
    if call.params.maybe("dualSidePosition") is None:
        raise errors.missing("dualSidePosition")
    wanted = call.params.flag("dualSidePosition")
    if wanted is call.desk.hedge_mode:
        raise VenueError(400, "-4059", "No need to change position side.")
    if call.desk.working():
        raise VenueError(400, "-4067", "Position side cannot be changed if there exists open orders.")
    if any(call.desk.size(symbol) for symbol in call.venue.ids.values()):
        raise VenueError(400, "-4068", "Position side cannot be changed if there exists position.")
    call.desk.hedge_mode = wanted
    return _DONE


def set_position_margin(call: Private) -> object:
    """Put cash aside for an isolated position (type 1), or take it back (type 2)."""
    symbol, amount, way = call.symbol(), call.params.decimal("amount"), call.params.text("type")
    if amount <= 0:
        raise VenueError(400, "-4012", "Amount must be positive.")
    if way not in {"1", "2"}:
        raise errors.missing("type")
    if call.desk.engine.account.modes[symbol] is not MarginMode.ISOLATED:
        raise VenueError(400, "-4051", "Isolated balance insufficient.")
    if not call.desk.size(symbol):
        raise VenueError(400, "-4045", "Add margin only support for isolated position.")
    refusal = call.desk.engine.add_margin(symbol, amount if way == "1" else -amount)
    if refusal is not None:
        raise _unwilling(refusal, VenueError(400, "-4051", "Isolated balance insufficient."))
    return {"amount": float(amount), "code": 200, "msg": "Successfully modify position margin.", "type": int(way)}


def _unwilling(refusal: Refusal, otherwise: VenueError) -> VenueError:
    match refusal.reason:
        case RejectReason.MAX_POSITION:
            return VenueError(400, "-2027", "Exceeded the maximum allowable position at current leverage.")
        case RejectReason.INSUFFICIENT_MARGIN:
            return VenueError(400, "-2019", "Margin is insufficient.")
        case _:
            return otherwise


def symbol_config(call: Private) -> object:
    """Return leverage and margin mode of every market."""
    rows: list[Json] = []
    for symbol in call.symbols():
        setup = settings(call, symbol)
        rows.append(
            {
                "symbol": id_of(symbol),
                "marginType": "ISOLATED" if setup["isolated"] else "CROSSED",
                "isAutoAddMargin": "false",
                "leverage": int(call.desk.engine.account.leverage[symbol]),
                "maxNotionalValue": setup["maxNotional"],
            }
        )
    return rows


def account_config(call: Private) -> object:
    """Return what the account may do and how it is set up."""
    return {
        "feeTier": 0,
        "canTrade": call.desk.permissions.trade,
        "canDeposit": True,
        "canWithdraw": True,
        "dualSidePosition": call.desk.hedge_mode,
        "updateTime": 0,
        "multiAssetsMargin": False,
        "tradeGroupId": -1,
    }


def multi_assets_mode(_: Private) -> object:
    """Tell that only USDT is collateral."""
    return {"multiAssetsMargin": False}


def fee_burn(call: Private) -> object:
    """Return whether fees are paid in BNB."""
    return {"feeBurn": bool(call.desk.assets.fees_in)}


def commission_rate(call: Private) -> object:
    """Return a market's fees."""
    symbol = call.symbol()
    market = call.market(symbol)
    return {
        "symbol": id_of(symbol),
        "makerCommissionRate": fixed(market.maker_fee, 6),
        "takerCommissionRate": fixed(market.taker_fee, 6),
        "rpiCommissionRate": fixed(ZERO, 6),
    }
