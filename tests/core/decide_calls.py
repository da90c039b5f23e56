"""Any call of decide(): strategies for markets, accounts, orders, settings and memory."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

from hypothesis import strategies as st

from bot.core.decide import decide
from bot.core.inputs import CycleInputs, Pending, PendingStatus
from bot.core.policy import BandPolicy, FixedWidth, GuardPolicy, Policy, RiskAversion, TrackingBudget
from bot.core.run_state import RunState
from bot.core.snapshot import LpPosition, Snapshot, VenueUnknown, VenueView
from bot.core.state import State
from bot.core.types import ZERO, Underlying, VenueId
from tests.core.scenes import (
    BTC,
    ETH,
    MARKS,
    NO_INPUTS,
    NOW,
    PAPER,
    USD,
    chain,
    hedge,
    lp,
    pending,
    policy,
    pool_price,
    quote,
    snapshot,
    state,
    v2,
    venue,
)

OTHER = VenueId("other")
PAIRS = ((ETH, USD), (BTC, USD), (BTC, ETH))


@dataclass(frozen=True)
class Scene:
    """One call of decide()."""

    seen: Snapshot
    inputs: CycleInputs
    before: State
    wanted: Policy


def amounts(low: str, high: str) -> st.SearchStrategy[Decimal]:
    return st.decimals(low, high, places=4)


def positions() -> st.SearchStrategy[list[LpPosition]]:
    def build(number: int, usd: int, pair: tuple[Underlying, Underlying], is_in_range: bool) -> LpPosition:  # noqa: FBT001 - drawn
        position = v2(f"p{number}", usd, pair)
        if is_in_range:
            return position
        units = (Decimal(usd) / 2 / MARKS[pair[0]], ZERO)
        return lp(f"p{number}", units, pair, slopes=(ZERO, ZERO), pool=f"{pair[0]}{pair[1]}")

    one = st.tuples(st.integers(1, 10**6), st.sampled_from(PAIRS), st.booleans())
    return st.lists(one, max_size=5).map(lambda rows: [build(number, *row) for number, row in enumerate(rows)])


def bands() -> st.SearchStrategy[BandPolicy]:
    return st.one_of(
        amounts("0.1", "5000").map(RiskAversion),
        amounts("0.0001", "0.2").map(TrackingBudget),
        amounts("0", "0.5").map(FixedWidth),
    )


def guards() -> st.SearchStrategy[GuardPolicy]:
    return st.builds(
        GuardPolicy,
        max_order_notional=amounts("0", "1000000"),
        max_order_share=st.just(Decimal(10**9)),
        max_notional_per_underlying=amounts("0", "1000000"),
        max_notional_total=amounts("0", "2000000"),
        max_orders_per_minute=st.integers(0, 4),
        max_snapshot_age=st.just(timedelta(seconds=60)),
        max_pool_mark_deviation=st.just(Decimal("0.05")),
        max_pool_average_deviation=st.just(Decimal("0.05")),
        max_pool_step=st.just(Decimal("0.05")),
        max_depeg=st.just(Decimal("0.02")),
        absence_blocks=st.integers(0, 3),
        slippage=amounts("0", "0.02"),
    )


def accounts(name: VenueId) -> st.SearchStrategy[VenueView | VenueUnknown]:
    sizes = st.fixed_dictionaries({ETH: amounts("-300", "0"), BTC: amounts("-20", "0")})
    lots = st.sampled_from(["0.001", "0.01", "0.3", "1"])
    known = st.builds(
        lambda held, lot, age: venue(
            held,
            name=name,
            at=NOW - timedelta(seconds=age),
            quotes=[quote(key, venue=name, lot=lot) for key in MARKS],
        ),
        sizes,
        lots,
        st.sampled_from([0, 0, 0, 61]),
    )
    return st.one_of(known, known, known, st.just(VenueUnknown(name, "down", NOW)))


def pendings() -> st.SearchStrategy[tuple[Pending, ...]]:
    one = st.builds(
        lambda key, size, status, on: pending(key, size, status, on=on),
        st.sampled_from([ETH, BTC]),
        amounts("-5", "5").filter(bool),
        st.sampled_from(PendingStatus),
        st.sampled_from([PAPER, OTHER]),
    )
    return st.lists(one, max_size=2).map(tuple)


@st.composite
def scenes(draw: st.DrawFn) -> Scene:
    before = state(draw(st.sampled_from(RunState)))
    wanted = policy(
        draw(bands()),
        guards=draw(guards()),
        fixed_cost=draw(st.sampled_from(["0", "0.5"])),
        hedges={
            key: hedge(key, str(draw(amounts("0", "1.5"))), str(draw(amounts("0", "2000000"))), (PAPER, OTHER))
            for key in (ETH, BTC)
        },
    )
    if draw(st.booleans()):
        before = replace(
            decide(snapshot(chain(draw(positions()), block=99)), NO_INPUTS, before, wanted).state, order_times=()
        )
    skew = draw(st.sampled_from([None, None, Decimal(600), Decimal(4000)]))
    pools = None if skew is None else [pool_price(skew, pool="ETHUSD")]
    age = timedelta(seconds=draw(st.sampled_from([0, 0, 0, 61])))
    view = chain(draw(positions()), pools=pools, at=NOW - age)
    seen = snapshot(draw(st.sampled_from([(view,), (view,), ()])), [draw(accounts(PAPER)), draw(accounts(OTHER))])
    ages = draw(st.lists(st.integers(0, 120), max_size=4))
    times = tuple(NOW - timedelta(seconds=item) for item in sorted(ages, reverse=True))
    return Scene(seen, CycleInputs(draw(pendings())), replace(before, order_times=times), wanted)
