"""Bitget's bills: what each kind of row is."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from bot.core.orders import LedgerKind
from bot.core.types import ZERO
from bot.exchange.ccxt_link import Link
from bot.exchange.fields import Row, has, moment, number, text
from bot.exchange.statement import LedgerRow

_TRADED: Final = (
    *("open_long", "open_short", "close_long", "close_short", "buy", "sell"),
    *("delivery_long", "delivery_short", "offset_long", "offset_short", "offset_buy", "offset_sell"),
    *("adl_long", "adl_short", "adl_buy", "adl_sell"),
)
_FORCED: Final = (
    *("force_close_long", "force_close_short", "force_buy", "force_sell"),
    *("burst_long_loss_query", "burst_short_loss_query", "burst_buy", "burst_sell"),
)
_MOVED: Final = (
    *("trans_to_exchange", "trans_from_exchange", "trans_to_contract", "trans_from_contract"),
    *("trans_to_cross", "trans_from_cross", "trans_to_isolated", "trans_from_isolated"),
    *("trans_to_otc", "trans_from_otc", "transfer_in", "transfer_out", "deposit", "withdraw"),
    *("cash_gift_issue", "cash_gift_recycle", "bonus_issue", "bonus_recycle", "bonus_expired"),
)
KINDS: Final[Mapping[str, LedgerKind]] = {
    "contract_settle_fee": LedgerKind.FUNDING,
    **dict.fromkeys((*_TRADED, *_FORCED), LedgerKind.REALISED),
    **dict.fromkeys(_MOVED, LedgerKind.DEPOSIT),
}
"""The business types of the documentation (Get Account Bills), and those that ccxt knows besides."""
_INTERNAL: Final = frozenset(
    {"append_margin", "adjust_down_lever_append_margin", "reduce_margin", "auto_append_margin"}
)
"""Money that goes from the account to a position's own margin, or back: no cash moves in or out."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """How a kind of account writes its movements: the names of a row's fields, and what each type of row is.

    Attributes:
        what: a row's name in messages.
        type, id, at: the fields' names.
        kinds: what an amount is, by the row's type; others are set aside.
        forced: types whose fee is a liquidation's.
        internal: types that move no cash in or out.
    """

    what: str
    type: str
    id: str
    at: str
    kinds: Mapping[str, LedgerKind]
    forced: Collection[str]
    internal: Collection[str]

    def rows(self, row: Row, link: Link) -> Iterator[LedgerRow]:
        """Split a row into its amount and its fee, which is below 0 when charged, unlike a fill's."""
        name, unique, asset = (text(row, key, self.what) for key in (self.type, self.id, "coin"))
        if name in self.internal:
            return
        settle = link.facts.settle
        symbols = {one.replace("/", "").removesuffix(f":{settle}"): one for one in link.config.symbols}
        symbol = symbols.get(text(row, "symbol", self.what).upper()) if has(row, "symbol") else None
        at, kind = moment(row, self.at, self.what), self.kinds.get(name)
        fee_kind = LedgerKind.LIQUIDATION_FEE if name in self.forced else LedgerKind.FEE
        order = int(unique) if unique.isdecimal() else 0
        fee = number(row, "fee", self.what) if has(row, "fee") else ZERO
        for part, amount, sort in (("", number(row, "amount", self.what), kind), (":fee", fee, kind and fee_kind)):
            if amount:
                yield LedgerRow(f"{unique}{part}", order, name, sort, asset.upper(), amount, symbol, at)


BILLS: Final = Sheet("bill", "businessType", "billId", "cTime", KINDS, _FORCED, _INTERNAL)
