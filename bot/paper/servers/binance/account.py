"""Binance's account endpoints: balances and positions."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Final

from bot.core.risk.margin import max_notional
from bot.core.types import ZERO, Symbol
from bot.paper.engine import collateral
from bot.paper.engine.rules import MarginMode
from bot.paper.servers.binance.call import Private
from bot.paper.servers.binance.render import CASH, Json, size_text
from bot.paper.servers.venue import id_of
from bot.paper.servers.wire import fixed, millis, plain

_IN_ACCOUNT_V3: Final = (
    *("symbol", "positionSide", "positionAmt", "isolatedMargin", "notional", "isolatedWallet"),
    *("initialMargin", "maintMargin", "updateTime"),
)


def balance(call: Private) -> object:
    """Return the wallet."""
    return [
        {
            "accountAlias": "paper",
            "asset": wallet["asset"],
            "balance": wallet["walletBalance"],
            "crossWalletBalance": wallet["crossWalletBalance"],
            "crossUnPnl": wallet["crossUnPnl"],
            "availableBalance": wallet["availableBalance"],
            "maxWithdrawAmount": wallet["maxWithdrawAmount"],
            "marginAvailable": True,
            "updateTime": millis(call.now),
        }
        for wallet in _wallets(call)
    ]


def _wallets(call: Private) -> list[Json]:
    """Return USDT, and what else the customer holds."""
    first = _wallet(call)
    names = [name for name in first if name not in {"asset", "updateTime"}]
    held = {"walletBalance", "marginBalance", "crossWalletBalance", "maxWithdrawAmount", "availableBalance"}
    rows = [first]
    for asset, amount in call.desk.assets.held.items():
        amounts = {name: fixed(amount if name in held else ZERO, CASH) for name in names}
        rows.append({"asset": asset, **amounts, "updateTime": millis(call.now)})
    return rows


def _wallet(call: Private) -> Json:
    engine = call.desk.engine
    account = engine.account
    bound = collateral.total_initial_margin(account)
    positions = sum((collateral.initial_margin(account, symbol, ()) for symbol in account.positions), ZERO)
    crossed = collateral.crossed(account)
    amounts = {
        "walletBalance": account.wallet,
        "unrealizedProfit": engine.equity - account.wallet,
        "marginBalance": engine.equity,
        "maintMargin": collateral.total_maintenance(account, engine.rules, account.positions),
        "initialMargin": bound,
        "positionInitialMargin": positions,
        "openOrderInitialMargin": bound - positions,
        "crossWalletBalance": collateral.cross_cash(account),
        "crossUnPnl": sum((collateral.unrealised(account, symbol) for symbol in crossed), ZERO),
        "availableBalance": collateral.available(account),
        "maxWithdrawAmount": min(collateral.available(account), collateral.cross_cash(account)),
    }
    texts: Json = {name: fixed(amount, CASH) for name, amount in amounts.items()}
    return {"asset": "USDT", **texts, "updateTime": millis(call.now)}


def account_v2(call: Private) -> object:
    """Return balances and every market's position with its settings."""
    head = {
        "feeTier": 0,
        "feeBurn": bool(call.desk.assets.fees_in),
        "canTrade": call.desk.permissions.trade,
        "canDeposit": True,
        "canWithdraw": True,
        "updateTime": 0,
        "multiAssetsMargin": False,
        "tradeGroupId": -1,
    }
    return {**head, **_totals(call), "positions": [_held(call, symbol) for symbol in call.venue.ids.values()]}


def account_v3(call: Private) -> object:
    """Return balances and the positions that are open or have orders."""
    return {**_totals(call), "assets": _wallets(call), "positions": [_held_v3(call, symbol) for symbol in _busy(call)]}


def _totals(call: Private) -> Json:
    wallet = _wallet(call)
    names = {
        "totalInitialMargin": "initialMargin",
        "totalMaintMargin": "maintMargin",
        "totalWalletBalance": "walletBalance",
        "totalUnrealizedProfit": "unrealizedProfit",
        "totalMarginBalance": "marginBalance",
        "totalPositionInitialMargin": "positionInitialMargin",
        "totalOpenOrderInitialMargin": "openOrderInitialMargin",
        "totalCrossWalletBalance": "crossWalletBalance",
        "totalCrossUnPnl": "crossUnPnl",
        "availableBalance": "availableBalance",
        "maxWithdrawAmount": "maxWithdrawAmount",
    }
    totals = {name: wallet[source] for name, source in names.items()}
    return {**totals, "assets": [{**one, "marginAvailable": True} for one in _wallets(call)]}


def _busy(call: Private) -> list[Symbol]:
    """Return the symbols with a position or orders."""
    return [symbol for symbol in call.venue.ids.values() if call.desk.size(symbol) or call.desk.working(symbol)]


def _core(call: Private, symbol: Symbol) -> Json:
    """Return what all position formats have."""
    engine = call.desk.engine
    account = engine.account
    position, market = account.positions[symbol], call.market(symbol)
    mark = account.markets[symbol].mark
    bound = collateral.initial_margin(account, symbol, account.working(symbol))
    own = collateral.initial_margin(account, symbol, ())
    isolated = account.modes[symbol] is MarginMode.ISOLATED
    unrealised = collateral.unrealised(account, symbol)
    return {
        "symbol": id_of(symbol),
        "positionSide": "BOTH",
        "positionAmt": size_text(market, position.size),
        "notional": fixed(position.size * mark, CASH) if position.size else "0",
        "isolatedMargin": fixed(position.margin + unrealised, CASH) if isolated and position.size else "0",
        "isolatedWallet": fixed(position.margin, CASH) if isolated and position.size else "0",
        "initialMargin": _amount(bound),
        "maintMargin": _amount(collateral.maintenance(account, engine.rules, symbol)),
        "positionInitialMargin": _amount(own),
        "openOrderInitialMargin": _amount(bound - own),
        "updateTime": millis(_changed(call, symbol)) if position.size else 0,
        "bidNotional": "0",
        "askNotional": "0",
    }


def _amount(value: Decimal) -> str:
    return fixed(value, CASH) if value else "0"


def _changed(call: Private, symbol: Symbol) -> datetime:
    trades = (trade.fill.at for trade in reversed(call.desk.records.trades) if trade.fill.symbol == symbol)
    return next(trades, call.desk.engine.account.opened_at)


def settings(call: Private, symbol: Symbol) -> Json:
    """Return a symbol's leverage and margin mode."""
    account = call.desk.engine.account
    leverage = account.leverage[symbol]
    return {
        "leverage": plain(leverage),
        "isolated": account.modes[symbol] is MarginMode.ISOLATED,
        "maxNotional": plain(max_notional(call.market(symbol).tiers, leverage)),
    }


def _entry(call: Private, symbol: Symbol) -> str:
    return fixed(call.desk.engine.account.positions[symbol].entry or ZERO, CASH)


def _held(call: Private, symbol: Symbol) -> Json:
    unrealised = collateral.unrealised(call.desk.engine.account, symbol)
    entry = _entry(call, symbol)
    more = {"unrealizedProfit": fixed(unrealised, CASH), "entryPrice": entry, "breakEvenPrice": entry}
    return {**_core(call, symbol), **more, **settings(call, symbol)}


def _held_v3(call: Private, symbol: Symbol) -> Json:
    unrealised, core = collateral.unrealised(call.desk.engine.account, symbol), _core(call, symbol)
    return {**{name: core[name] for name in _IN_ACCOUNT_V3}, "unrealizedProfit": fixed(unrealised, CASH)}


def position_risk_v3(call: Private) -> object:
    """Return the positions that are open or have orders: a symbol that is asked for and flat is left out."""
    busy = _busy(call)
    rows: list[Json] = []
    for symbol in call.symbols():
        if symbol in busy:
            more = {"breakEvenPrice": _entry(call, symbol), "marginAsset": "USDT", "adl": rank(call, symbol)}
            rows.append({**_core(call, symbol), **_risk(call, symbol), **more})
    return rows


def position_risk_v2(call: Private) -> object:
    """Return every market's position, flat ones too, with its leverage and margin type."""
    rows: list[Json] = []
    for symbol in call.symbols():
        core, setup = _core(call, symbol), settings(call, symbol)
        wanted = ("symbol", "positionSide", "positionAmt", "notional", "isolatedWallet", "isolatedMargin", "updateTime")
        rows.append(
            {
                **{name: core[name] for name in wanted},
                **_risk(call, symbol),
                "breakEvenPrice": _entry(call, symbol),
                "leverage": setup["leverage"],
                "maxNotionalValue": setup["maxNotional"],
                "marginType": "isolated" if setup["isolated"] else "cross",
                "isAutoAddMargin": "false",
            }
        )
    return rows


def _risk(call: Private, symbol: Symbol) -> Json:
    engine = call.desk.engine
    held = engine.view().positions[symbol]
    return {
        "entryPrice": _entry(call, symbol),
        "markPrice": fixed(engine.account.markets[symbol].mark, CASH),
        "unRealizedProfit": fixed(held.unrealised, CASH),
        "liquidationPrice": "0" if held.liquidation_price is None else fixed(held.liquidation_price, CASH),
    }


def rank(call: Private, symbol: Symbol) -> int:
    """Return a position's place in the queue of auto-deleveraging; the paper exchange has no queue, so the first."""
    return 1 if call.desk.size(symbol) else 0
