"""What moved money: fundings, fills (their fee, and what they realised), and the other ledger updates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from bot.core.orders import LedgerKind
from bot.core.types import ZERO, Symbol
from bot.exchange.fields import Row, flag, has, moment, number, row_of, text
from bot.exchange.statement import LedgerRow

FUNDING_PAGE: Final = 500
FILLS_PAGE: Final = 2000
UPDATES_PAGE: Final = 500
"""How many rows one answer holds: documented for the first two, the smaller for the last, which nobody tells."""
_ARRIVES: Final = frozenset({"deposit", "rewardsClaim", "vaultDistribution", "vaultLeaderCommission"})
_LEAVES: Final = frozenset({"withdraw", "vaultCreate", "vaultDeposit"})
_BETWEEN: Final = frozenset({"internalTransfer", "subAccountTransfer", "send"})
"""Between addresses: the row says whose money it was."""
_SPOT: Final = frozenset({"spotTransfer"})
"""The same, of spot money."""


def funding(row: Row, coins: Mapping[str, Symbol], settle: str) -> Iterator[LedgerRow]:
    """Translate an hourly funding; its hash is the same for all of them, so that market and time tell them apart."""
    what = "funding"
    delta = row_of(row.get("delta"), what)
    coin, at = text(delta, "coin", what), moment(row, "time", what)
    yield LedgerRow(
        key=f"funding:{coin}:{text(row, 'time', what)}",
        number=0,
        name="funding",
        kind=LedgerKind.FUNDING,
        asset=settle,
        amount=number(delta, "usdc", what),
        symbol=coins.get(coin),
        at=at,
    )


def fill(row: Row, coins: Mapping[str, Symbol], settle: str) -> Iterator[LedgerRow]:
    """Translate a fill: what it realised, and its fee (below 0 for a rebate), of which a builder's is a part."""
    what = "fill"
    coin, at, trade = text(row, "coin", what), moment(row, "time", what), text(row, "tid", what)
    if coin.startswith("@") or "/" in coin:
        return  # a spot trade: no money of the perpetuals
    symbol, key = coins.get(coin), f"fill:{trade}:{text(row, 'oid', what)}"
    realised, fee = number(row, "closedPnl", what), number(row, "fee", what)
    if realised:
        yield LedgerRow(f"{key}:pnl", int(trade), "closedPnl", LedgerKind.REALISED, settle, realised, symbol, at)
    if fee:
        asset = text(row, "feeToken", what)
        yield LedgerRow(f"{key}:fee", int(trade), "fee", LedgerKind.FEE, asset, -fee, symbol, at)


@dataclass(frozen=True, slots=True)
class Purse:
    """Whose money counts: ``dex`` is empty for the venue's own markets; ``pooled`` money is the spot account's too."""

    user: str
    dex: str
    settle: str
    pooled: bool

    def moved(self, delta: Row, amount: Decimal) -> Decimal:
        """Return what a movement between addresses, or between the parts of one, brings in (or takes, below 0)."""
        gone = _is(delta, "user", self.user) and self._has(delta, "sourceDex")
        come = _is(delta, "destination", self.user) and self._has(delta, "destinationDex")
        fee = number(delta, "fee", "ledger update") if gone and has(delta, "fee") else ZERO
        return amount * (come - gone) - fee

    def _has(self, delta: Row, key: str) -> bool:
        return self.pooled or key not in delta or delta[key] == self.dex


def _is(delta: Row, key: str, user: str) -> bool:
    return str(delta.get(key)).lower() == user


def update(row: Row, purse: Purse) -> Iterator[LedgerRow]:
    """Translate any other movement; a kind that is not known is set aside by its name."""
    what = "ledger update"
    delta = row_of(row.get("delta"), what)
    name, at = text(delta, "type", what), moment(row, "time", what)
    key = f"{text(row, 'hash', what)}:{name}:{text(row, 'time', what)}"
    if name == "liquidation" or (name in _SPOT and not purse.pooled):
        return  # its fills say what it cost; spot money is not the perpetuals'
    asset = text(delta, "token", what).partition(":")[0] if has(delta, "token") else purse.settle
    amount = _amount(name, delta, purse)
    if amount is None:
        yield LedgerRow(key, 0, name, None, asset, ZERO, None, at)
    elif amount:
        yield LedgerRow(key, 0, name, LedgerKind.DEPOSIT, asset, amount, None, at)


def _amount(name: str, delta: Row, purse: Purse) -> Decimal | None:
    """Return what a movement brings in, or takes (below 0); None for a kind that is not known."""
    what = "ledger update"
    if name == "accountClassTransfer":
        sign = 1 if flag(delta, "toPerp", what) else -1
        return ZERO if purse.pooled else sign * number(delta, "usdc", what)
    if name not in _ARRIVES | _LEAVES | _BETWEEN | _SPOT:
        return None
    amount = number(delta, "usdc" if has(delta, "usdc") else "amount", what)
    if name in _LEAVES:
        return -amount - (number(delta, "fee", what) if has(delta, "fee") else ZERO)
    return amount if name in _ARRIVES else purse.moved(delta, amount)
