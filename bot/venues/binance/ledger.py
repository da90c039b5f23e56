"""Binance's income history: what each kind of row is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from bot.core.orders import LedgerKind
from bot.exchange.ccxt_link import Link
from bot.exchange.fields import Row, has, moment, number, text
from bot.exchange.statement import LedgerRow

KINDS: Final[Mapping[str, LedgerKind]] = {
    "FUNDING_FEE": LedgerKind.FUNDING,
    "REALIZED_PNL": LedgerKind.REALISED,
    "DELIVERED_SETTELMENT": LedgerKind.REALISED,
    "COMMISSION": LedgerKind.FEE,
    "COMMISSION_REBATE": LedgerKind.FEE,
    "API_REBATE": LedgerKind.FEE,
    "REFERRAL_KICKBACK": LedgerKind.FEE,
    "FEE_RETURN": LedgerKind.FEE,
    "POSITION_LIMIT_INCREASE_FEE": LedgerKind.FEE,
    "INSURANCE_CLEAR": LedgerKind.LIQUIDATION_FEE,
    **dict.fromkeys(
        (
            *("TRANSFER", "INTERNAL_TRANSFER", "CROSS_COLLATERAL_TRANSFER", "STRATEGY_UMFUTURES_TRANSFER"),
            *("COIN_SWAP_DEPOSIT", "COIN_SWAP_WITHDRAW", "AUTO_EXCHANGE", "WELCOME_BONUS", "CONTEST_REWARD"),
            *("BFUSD_REWARD", "OPTIONS_PREMIUM_FEE", "OPTIONS_SETTLE_PROFIT"),
        ),
        LedgerKind.DEPOSIT,
    ),
}
"""The income types of the documentation (Get Income History), its spelling kept.

What is no result of a hedge (money moved, swapped or given, options) counts as moved in or out, of either sign."""


def rows(row: Row, link: Link) -> Iterator[LedgerRow]:
    """Translate a row. A transaction id is unique within its type only, and each type counts for itself."""
    what = "income"
    name, number_text = text(row, "incomeType", what), text(row, "tranId", what)
    settle = link.facts.settle
    symbols = {one.replace("/", "").removesuffix(f":{settle}"): one for one in link.config.symbols}
    trade = f":{row['tradeId']}" if has(row, "tradeId") else ""
    yield LedgerRow(
        key=f"{name}:{number_text}{trade}:{text(row, 'asset', what)}",
        number=int(number_text) if number_text.isdecimal() else 0,
        name=name,
        kind=KINDS.get(name),
        asset=text(row, "asset", what),
        amount=number(row, "income", what),
        symbol=symbols.get(text(row, "symbol", what)) if has(row, "symbol") else None,
        at=moment(row, "time", what),
    )
