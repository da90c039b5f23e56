"""Risk policies for the decision's tests: one that limits nothing, and one like the conservative profile."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from bot.core.policy import LadderPolicy, Level, LossPolicy, RiskPolicy, StopPolicy

D = Decimal
_NEVER = Level(D(-1), D(10**6))

BOUNDLESS = RiskPolicy(
    leverage=D(10),
    buffer=D(0),
    max_ratio=D(10**6),
    ladder=LadderPolicy(_NEVER, _NEVER, _NEVER, _NEVER, D("0.2"), D("0.25"), D(0), timedelta(minutes=1)),
    stop=StopPolicy(D("0.03"), D(1), D("0.1"), D("0.02"), timedelta(days=10**4), D(0), timedelta(hours=1)),
    loss=LossPolicy(D(10**6), D(10**6), D(10**6), D(10**6), D(10**6), D(10**6), D(1)),
    settle_time=timedelta(0),
    takeover=timedelta(minutes=5),
)
CAREFUL = RiskPolicy(
    leverage=D(10),
    buffer=D("0.3"),
    max_ratio=D("0.3"),
    ladder=LadderPolicy(
        alert=Level(D("0.25"), D("0.4")),
        top_up=Level(D("0.2"), D("0.5")),
        reduce=Level(D("0.12"), D("0.65")),
        freeze=Level(D("0.08"), D("0.8")),
        hysteresis=D("0.2"),
        step=D("0.25"),
        daily_top_up=D(10_000),
        spacing=timedelta(minutes=1),
    ),
    stop=StopPolicy(D("0.03"), D(1), D("0.1"), D("0.02"), timedelta(minutes=1), D("0.25"), timedelta(hours=1)),
    loss=LossPolicy(D("0.4"), D(1), D("0.1"), D("0.25"), D("0.02"), D("0.01"), D(1)),
    settle_time=timedelta(minutes=1),
    takeover=timedelta(minutes=5),
)
