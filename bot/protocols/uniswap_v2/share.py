"""What a fork's protocol takes of a pair's growth, by what it took: the pair's own events tell it.

Each deposit and withdrawal mints the protocol's part first, ``supply x part x (K - K0) / ((whole - part) x K + part x
K0)`` LP tokens, where K is the root of the reserves' product before it and K0 the one after the deposit or withdrawal
before that (``_mintFee`` of the pair). Solved for ``part / whole``; what the contract rounds off gives it an interval.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import isqrt
from typing import Final

from bot.chain import json_rpc
from bot.chain.abi import topic
from bot.chain.logs import Log, Logs
from bot.core.errors import Retryable
from bot.core.types import NOBODY, Address
from bot.ports import Notes
from bot.protocols.lp_tokens import TRANSFER
from bot.protocols.past_events import require_whole

SYNC: Final = topic("Sync(uint112,uint112)")
MINT: Final = topic("Mint(address,uint256,uint256)")
BURN: Final = topic("Burn(address,uint256,uint256,address)")
_SHAPES: Final = {SYNC: (2, 1), MINT: (2, 2), BURN: (2, 3), TRANSFER: (1, 3)}
"""Words of data and number of topics."""
_MOST: Final = 12
"""Deposits and withdrawals that are examined."""
_FEW: Final = 100
"""Blocks of the first request where the event that is looked for stands near."""
_AGAIN: Final = 7_200
"""Blocks after which a pair that showed nothing is examined again."""
_COARSEST: Final = 100
_SURE: Final = Fraction(1, 10**6)
"""Width of an interval in which a fraction of parts of a hundred lies by chance once in 300 times."""
_NOBODY: Final = f"0x{json_rpc.encode_address(NOBODY).hex()}"

Reserves = tuple[int, int]


class ShareSearch:
    """Looks for what a factory's pairs give to their protocol, at one of them; implements Search.

    Attributes:
        found: the share, once it is known.
    """

    def __init__(self, pair: Address, key: str) -> None:
        self._pair = pair
        self._key = key
        self._looked_at: int | None = None
        self.found: Fraction | None = None

    @property
    def is_over(self) -> bool:
        """Whether it was looked for: a pair may show it after the next deposit."""
        return self._looked_at is not None

    def is_due(self, block: int) -> bool:
        """Return whether to look, for the first time or again."""
        return self.found is None and (self._looked_at is None or block >= self._looked_at + _AGAIN)

    async def look(self, logs: Logs, block: int, notes: Notes) -> bool:
        """Examine the newest deposits and withdrawals before a block; return whether they show it."""
        self._looked_at = block
        noted = notes.note(self._key)
        self.found = Fraction(noted) if noted else await self._measured(logs, block)
        if self.found is not None:
            notes.save_note(self._key, str(self.found))
        return self.found is not None

    async def _measured(self, logs: Logs, block: int) -> Fraction | None:
        """Return what the newest pair of events tells that tells it; None where none does, or there are no logs."""
        events = list[Log]()
        try:
            async for log in logs.newest_first(self._pair, [([MINT, BURN],)], block):
                require_whole(log, _SHAPES[log.topics[0]])
                events.append(log)
                if len(events) > 1 and (found := await self._between(logs, events[-1], events[-2])) is not None:
                    return found
                if len(events) > _MOST:
                    break
        except Retryable:
            return None
        return None

    async def _between(self, logs: Logs, older: Log, newer: Log) -> Fraction | None:
        """Return what the protocol took of the growth from one deposit or withdrawal to the next."""
        last = await self._reserves(logs, older)
        after, before, transfers = None, None, list[Log]()
        topics = ([SYNC, TRANSFER, MINT, BURN],)
        async for log in logs.newest_first(self._pair, [topics], newer.block, _FEW):
            if not _is_before(log, newer):
                continue
            require_whole(log, _SHAPES[log.topics[0]])
            if log.topics[0] == SYNC and after is None:
                after = _reserves_of(log)
            elif log.topics[0] == SYNC:
                before = _reserves_of(log)
                break
            elif log.topics[0] == TRANSFER and log.tx == newer.tx:
                transfers.append(log)
        if last is None or after is None or before is None or not _mints_fee(newer, transfers):
            return None
        made, taken = (json_rpc.uint(log.data) for log in transfers[:2])
        amounts = json_rpc.uint(newer.data, 0), json_rpc.uint(newer.data, 1)
        supply = _deposited(made, amounts, before) if newer.topics[0] == MINT else _withdrawn(made, amounts, after)
        return (
            None if supply is None else share_of(taken, supply, isqrt(before[0] * before[1]), isqrt(last[0] * last[1]))
        )

    async def _reserves(self, logs: Logs, event: Log) -> Reserves | None:
        """Return the reserves that a deposit or withdrawal left."""
        async for log in logs.newest_first(self._pair, [(SYNC,)], event.block, _FEW):
            if _is_before(log, event):
                require_whole(log, _SHAPES[SYNC])
                return _reserves_of(log)
        return None


def _is_before(log: Log, event: Log) -> bool:
    return (log.block, log.index) < (event.block, event.index)


def _reserves_of(sync: Log) -> Reserves:
    return json_rpc.uint(sync.data, 0), json_rpc.uint(sync.data, 1)


def _mints_fee(event: Log, transfers: Sequence[Log]) -> bool:
    """Return whether LP tokens were minted to the protocol just before an event (logs newest first)."""
    if len(transfers) <= 1:
        return False
    came, fee = transfers[:2]
    own = came.topics[1] == _NOBODY if event.topics[0] == MINT else came.topics[2] == _NOBODY
    return own and fee.topics[1] == _NOBODY


Interval = tuple[Fraction, Fraction]


def _deposited(made: int, amounts: Reserves, before: Reserves) -> Interval | None:
    """Return what the supply was: the LP tokens made are the less of what both amounts were worth, rounded down."""
    if not all(amounts):
        return None
    low, high = (
        max(Fraction(tokens * reserve, amount) for amount, reserve in zip(amounts, before, strict=True))
        for tokens in (made, made + 1)
    )
    return low, high


def _withdrawn(burned: int, amounts: Reserves, after: Reserves) -> Interval | None:
    """Return what the supply was: each amount is the burned part of the balance, rounded down."""
    if not all(amounts):
        return None
    balances = [amount + left for amount, left in zip(amounts, after, strict=True)]
    low = max(Fraction(burned * held, amount + 1) for amount, held in zip(amounts, balances, strict=True))
    return low, min(Fraction(burned * held, amount) for amount, held in zip(amounts, balances, strict=True))


def share_of(taken: int, supply: Interval, root: int, last: int) -> Fraction | None:
    """Return the only share of few parts that explains what was taken; None where none does, or several do.

    Args:
        taken: LP tokens minted to the protocol, rounded down.
        supply: all LP tokens after that.
        root: the root of the reserves' product before the event, rounded down as the contract does.
        last: the same after the event before.
    """
    if root <= last or not last:
        return None
    low = taken * root / ((root - last) * supply[1])
    high = (taken + 1) * root / ((root - last) * (supply[0] + 1))
    if not 0 <= high - low <= _SURE:
        return None
    for whole in range(2, _COARSEST + 1):
        part = -(-low.numerator * whole // low.denominator)
        if 0 < part < whole and part <= high * whole:
            return Fraction(part, whole)
    return None
