"""What a customer holds besides USDT, at fixed prices, and trading fees that are paid from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Final

from bot.core.orders import LedgerEntry, LedgerKind
from bot.core.types import ZERO
from bot.paper.engine.account import PaperAccount
from bot.paper.engine.money import usd
from bot.paper.servers.records import Movement

WORTH: Final[Mapping[str, Decimal]] = {"BNB": Decimal(600), "BGB": Decimal(5), "BFUSD": Decimal(1)}
"""USD for one, at every time."""


@dataclass(slots=True)
class Assets:
    """What a customer holds besides USDT, by asset: it is shown, and is no collateral.

    ``fees_in`` is the asset that trading fees are paid in while there is enough of it; empty: USDT.
    """

    held: dict[str, Decimal] = field(default_factory=dict)
    fees_in: str = ""

    def charged(self, account: PaperAccount, movement: Movement) -> Movement:
        """Take a trade's fee from here and give it back to the account's cash, if it is to be paid from here."""
        entry = movement.entry
        if not self.fees_in or entry.kind is not LedgerKind.FEE or movement.trade is None:
            return movement
        amount = usd(-entry.amount / WORTH[self.fees_in])
        if not 0 < amount <= self.held.get(self.fees_in, ZERO):
            return movement
        self.held[self.fees_in] -= amount
        account.wallet -= entry.amount
        account.totals[LedgerKind.FEE] -= entry.amount
        return Movement(replace(entry, amount=-amount), movement.trade, self.fees_in)

    def moved(self, account: PaperAccount, asset: str, amount: Decimal) -> Movement:
        """Bring some of an asset in, or out (below 0)."""
        self.held[asset] = self.held.get(asset, ZERO) + amount
        account.entries_made += 1
        return Movement(LedgerEntry(account.entries_made, LedgerKind.DEPOSIT, None, amount, account.now), None, asset)
