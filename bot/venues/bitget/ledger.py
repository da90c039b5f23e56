"""Bitget's bills: what each kind of row is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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


def rows(bill: Row, link: Link) -> Iterator[LedgerRow]:
    """Split a bill into its amount and its fee, which Bitget books in one row."""
    what = "bill"
    name, bill_id, asset = text(bill, "businessType", what), text(bill, "billId", what), text(bill, "coin", what)
    if name in _INTERNAL:
        return
    settle = link.facts.settle
    symbols = {one.replace("/", "").removesuffix(f":{settle}"): one for one in link.config.symbols}
    symbol = symbols.get(text(bill, "symbol", what).upper()) if has(bill, "symbol") else None
    at, kind = moment(bill, "cTime", what), KINDS.get(name)
    fee_kind = LedgerKind.LIQUIDATION_FEE if name in _FORCED else LedgerKind.FEE
    number_ = int(bill_id) if bill_id.isdecimal() else 0
    fee = number(bill, "fee", what) if has(bill, "fee") else ZERO
    for part, amount, sort in (("", number(bill, "amount", what), kind), (":fee", fee, kind and fee_kind)):
        if amount:
            yield LedgerRow(f"{bill_id}{part}", number_, name, sort, asset.upper(), amount, symbol, at)
