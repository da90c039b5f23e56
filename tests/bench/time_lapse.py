"""A clock in time-lapse, the same in every process of this machine."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from bot.clock import SystemClock

HASTE: Final = 20
_BEGIN: Final = datetime(2026, 1, 1, tzinfo=UTC)


class HastyClock(SystemClock):
    """Short durations pass for longer ones, as request budgets are not what is measured; the hour follows them."""

    def now(self) -> datetime:
        return _BEGIN + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return super().monotonic() * HASTE

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds / HASTE)
