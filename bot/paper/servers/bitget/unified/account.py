"""The v3 interface's account endpoints: what kind of account it is, coins, positions, leverage and margin."""

from __future__ import annotations

from decimal import Decimal

from bot.core.orders import RejectReason
from bot.core.risk.margin import tier_for
from bot.core.types import ZERO, Symbol
from bot.paper.engine import collateral
from bot.paper.engine.rules import MarginMode
from bot.paper.servers.assets import WORTH
from bot.paper.servers.bitget.render import MODES, Json
from bot.paper.servers.bitget.unified import errors
from bot.paper.servers.bitget.unified.call import CATEGORY, Private
from bot.paper.servers.records import USDT
from bot.paper.servers.venue import id_of
from bot.paper.servers.wire import VenueError, millis, plain


def info(call: Private) -> object:
    """Return what the key may do."""
    permissions = call.desk.permissions
    granted = [
        "uta_mgt",
        *(["uta_trade"] if permissions.trade else []),
        *(["withdraw"] if permissions.withdraw else []),
    ]
    return {
        "userId": "1",
        "inviterId": None,
        "parentId": None,
        "channelCode": "1",
        "channel": "official",
        "ips": "127.0.0.1" if permissions.ip_restricted else None,
        "permType": "read_and_write" if permissions.trade else "read_only",
        "permissions": granted,
        "regisTime": str(millis(call.desk.engine.account.opened_at)),
    }


def settings(call: Private) -> object:
    """Return what kind of account it is, and what its symbols are set to."""
    inner = call.desk.engine.account
    return {
        "uid": "1",
        "accountMode": "unified",
        "assetMode": "multi_assets",
        "accountLevel": "basic",
        "holdMode": _hold_mode(call),
        "stpMode": "none",
        "symbolConfigList": [
            {
                "category": CATEGORY,
                "symbol": id_of(symbol),
                "marginMode": MODES[inner.modes[symbol]],
                "leverage": plain(inner.leverage[symbol]),
            }
            for symbol in call.venue.ids.values()
        ],
        "coinConfigList": [],
    }


def _hold_mode(call: Private) -> str:
    return "hedge_mode" if call.desk.hedge_mode else "one_way_mode"


def assets(call: Private) -> object:
    """Return the account's coins, those with a balance only, and its sums in USD; other coins are no collateral."""
    engine = call.desk.engine
    inner = engine.account
    profit = engine.equity - inner.wallet
    bound = collateral.total_initial_margin(inner)
    kept = collateral.total_maintenance(inner, engine.rules, collateral.crossed(inner))
    others = {asset: amount for asset, amount in call.desk.assets.held.items() if amount}
    worths = {asset: amount * _price(call, asset) for asset, amount in others.items()}
    worth = sum(worths.values(), ZERO)
    ratio = kept / engine.equity if engine.equity > 0 else ZERO
    mine = _coin(USDT, engine.equity, engine.equity, inner.wallet, collateral.available(inner))
    rows = [mine] if engine.equity or inner.wallet else []
    return {
        "accountEquity": plain(engine.equity + worth),
        "usdtEquity": plain(engine.equity + worth),
        "btcEquity": "0",
        "unrealisedPnl": plain(profit),
        "usdtUnrealisedPnl": plain(profit),
        "btcUnrealizedPnl": "0",
        "effEquity": plain(engine.equity),
        "mmr": plain(kept),
        "imr": plain(bound),
        "mgnRatio": plain(round(ratio, 8)),
        "positionMgnRatio": plain(round(ratio, 8)),
        "assets": [
            *rows,
            *(_coin(asset, amount, worths[asset], amount, amount) for asset, amount in others.items()),
        ],
    }


def _price(call: Private, asset: str) -> Decimal:
    """Return what a coin counts for: its fixed price, its perpetual's mark, or nothing where the venue has neither."""
    symbol = call.venue.ids.get(f"{asset}{USDT}")
    return WORTH.get(asset) or (ZERO if symbol is None else call.engine.account.markets[symbol].mark)


def _coin(name: str, equity: Decimal, worth: Decimal, balance: Decimal, available: Decimal) -> Json:
    return {
        "coin": name,
        "equity": plain(equity),
        "usdValue": plain(worth),
        "balance": plain(balance),
        "available": plain(available),
        "debt": "0",
        "locked": "0",
    }


def fee_rate(call: Private) -> object:
    """Return a market's fees."""
    call.futures()
    market = call.market(call.symbol())
    return {"makerFeeRate": plain(market.maker_fee), "takerFeeRate": plain(market.taker_fee)}


def current_position(call: Private) -> object:
    """Return the open positions, of one symbol or of all; null while there are none."""
    if call.category() != CATEGORY:
        return {"list": None}
    wanted, side = call.maybe_symbol(), call.params.maybe("posSide")
    held = [symbol for symbol in call.venue.ids.values() if call.desk.size(symbol) and wanted in (None, symbol)]
    rows = [position(call, symbol) for symbol in held]
    return {"list": [row for row in rows if side is None or row["posSide"] == side] or None}


def position(call: Private, symbol: Symbol) -> Json:
    """Return one open position."""
    engine = call.desk.engine
    inner, market = engine.account, call.market(symbol)
    position, held = inner.positions[symbol], engine.view().positions[symbol]
    size, mark = abs(position.size), inner.markets[symbol].mark
    times = [trade.fill.at for trade in call.desk.records.trades if trade.fill.symbol == symbol]
    opened, changed = (times[0], times[-1]) if times else (call.now, call.now)
    return {
        "category": CATEGORY,
        "symbol": id_of(symbol),
        "marginCoin": USDT,
        "holdMode": _hold_mode(call),
        "posSide": "long" if position.size > 0 else "short",
        "marginMode": MODES[inner.modes[symbol]],
        "positionBalance": plain(held.margin),
        "available": plain(size),
        "frozen": "0",
        "total": plain(size),
        "leverage": plain(held.leverage),
        "curRealisedPnl": "0",
        "avgPrice": plain(held.entry_price or ZERO),
        "positionStatus": "normal",
        "unrealisedPnl": plain(held.unrealised),
        "liquidationPrice": "0" if held.liquidation_price is None else plain(held.liquidation_price),
        "mmr": plain(tier_for(market.tiers, size * mark).maintenance_rate),
        "profitRate": "0",
        "markPrice": plain(mark),
        "breakEvenPrice": plain(held.entry_price or ZERO),
        "totalFunding": "0",
        "openFeeTotal": "0",
        "closeFeeTotal": "0",
        "createdTime": str(millis(opened)),
        "updatedTime": str(millis(changed)),
    }


def set_leverage(call: Private) -> object:
    """Change a symbol's leverage, and its margin mode, crossed unless another one is named."""
    call.futures()
    symbol = call.symbol()
    if not call.desk.permissions.trade:
        raise errors.not_allowed()
    adopt_mode(call, symbol)
    refusal = call.desk.engine.set_leverage(symbol, call.params.decimal("leverage"))
    if refusal is not None:
        codes = {
            RejectReason.MAX_POSITION: ("25233", "Order quantity cannot exceed the maximum for this level"),
            RejectReason.INSUFFICIENT_MARGIN: ("25228", "Unable to update leverage, insufficient margin!"),
        }
        raise VenueError(400, *codes.get(refusal.reason, ("25223", "Exceeds Max. leverage")))
    return "success"


def adopt_mode(call: Private, symbol: Symbol) -> None:
    """Take over a call's margin mode (crossed where none is named), refused while the symbol is busy in the other."""
    wanted = {text: mode for mode, text in MODES.items()}.get((call.params.maybe("marginMode") or "crossed").lower())
    if wanted is None:
        raise errors.wrong("marginMode")
    if call.desk.engine.set_margin_mode(symbol, wanted) is not None:
        raise VenueError(400, "25107", "There is currently a position, please close the position")


def set_margin(call: Private) -> object:
    """Put cash aside for an isolated position, or take it back."""
    call.futures()
    symbol = call.symbol()
    amount, operation = call.params.decimal("amount"), call.params.text("operation").lower()
    if operation not in {"add", "remove"} or amount <= 0:
        raise errors.wrong("operation" if amount > 0 else "amount")
    is_short = call.params.text("posSide").lower() == "short"
    if not call.desk.size(symbol) or (call.desk.size(symbol) < 0) is not is_short:
        raise errors.no_position()
    is_isolated = call.desk.engine.account.modes[symbol] is MarginMode.ISOLATED
    moved = amount if operation == "add" else -amount
    if not is_isolated or call.desk.engine.add_margin(symbol, moved) is not None:
        raise VenueError(400, "25242", "The maximum reducible amount is exceeded")
    return "success"


def set_hold_mode(call: Private) -> object:
    """Ask for separate long and short positions (in which the paper exchange takes no orders), or for one."""
    wanted = call.params.text("holdMode")
    if wanted not in {"hedge_mode", "one_way_mode"}:
        raise errors.wrong("holdMode")
    if call.desk.working() or any(call.desk.size(symbol) for symbol in call.venue.ids.values()):
        raise VenueError(400, "25010", "Unsupported position mode switch")
    call.desk.hedge_mode = wanted == "hedge_mode"
    return "success"
