"""Bitget's financial records: what each type of row is. The list of types is open-ended; others are set aside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bot.core.orders import LedgerKind
from bot.venues.bitget.ledger import Sheet

_FUNDING: Final = (
    *("CONTRACT_MAIN_SETTLE_FEE_USER_IN", "CONTRACT_MAIN_SETTLE_FEE_USER_OUT"),
    *("MARGIN_SETTLE_FEE_USER_IN", "MARGIN_SETTLE_FEE_USER_OUT"),
    *("FIXED_SETTLE_FEE_USER_IN", "FIXED_SETTLE_FEE_USER_OUT"),
)
_TRADED: Final = (
    *("OPEN_LONG", "OPEN_SHORT", "CLOSE_LONG", "CLOSE_SHORT", "BUY_DEAL", "SELL_DEAL"),
    *("DELIVERY_LONG", "DELIVERY_SHORT", "OFFSET_REDUCE_CLOSE_LONG", "OFFSET_REDUCE_CLOSE_SHORT"),
)
_FORCED: Final = (
    *("FORCE_CLOSE_LONG", "FORCE_CLOSE_SHORT", "FORCE_BUY_SSM", "FORCE_SELL_SSM"),
    *("BURST_CLOSE_LONG", "BURST_CLOSE_SHORT", "BURST_BUY_SSM", "BURST_SELL_SSM"),
)
_MOVED: Final = (
    *("TRANSFER_IN", "TRANSFER_OUT", "RESERVE_TRANSFER_IN", "RESERVE_TRANSFER_OUT"),
    *("PAPTRADING_USER_IN", "PAPTRADING_USER_OUT"),
)
KINDS: Final[Mapping[str, LedgerKind]] = {
    **dict.fromkeys(_FUNDING, LedgerKind.FUNDING),
    **dict.fromkeys((*_TRADED, *_FORCED), LedgerKind.REALISED),
    **dict.fromkeys(_MOVED, LedgerKind.DEPOSIT),
}
_INTERNAL: Final = frozenset({"INCREASE_MARGIN", "REDUCE_MARGIN", "MARGIN_BACK"})
"""Money that goes from the account to a position's own margin, or back: no cash moves in or out."""

RECORDS: Final = Sheet("financial record", "type", "id", "ts", KINDS, _FORCED, _INTERNAL)
