"""The doctor: checks everything that the daemon depends on, and reports faults with their remedies."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Final

from bot.app import doctor_checks
from bot.app.adapter_configs import chain_config
from bot.app.doctor_findings import Finding, fail, ok, skip, warn
from bot.app.settings import Loaded, Settings
from bot.app.wiring import Preview, preview
from bot.chain.probe import EndpointFacts, probe
from bot.clock import SystemClock
from bot.core.cycle_summary import CAVEAT, FARM_SHUT
from bot.core.data_quality.collateral import Collateral, collaterals
from bot.core.data_quality.pool_prices import UNBELIEVED
from bot.core.data_quality.venue_keys import key_alarms
from bot.core.decide import decide
from bot.core.decision import Alarm, Severity
from bot.core.distrust import MARKETLESS
from bot.core.errors import ConfigError, DnbotError, Retryable
from bot.core.inputs import CycleInputs
from bot.core.market import PerpMarket
from bot.core.snapshot import Snapshot, VenueUnknown
from bot.core.state import State
from bot.core.types import ZERO, ChainName, Symbol, VenueId
from bot.ports import ChainReader, Exchange

_DEADLINE: Final = 60.0
"""Seconds for one check."""
_MAX_AHEAD: Final = timedelta(seconds=2)
"""How far a block may lie in this machine's future."""
_MAX_LAG: Final = 3
"""Blocks that an endpoint may be behind the best one."""

Check = Callable[[], Awaitable[Sequence[Finding]]]
Markets = dict[tuple[VenueId, Symbol], PerpMarket]


async def examine(loaded: Loaded) -> AsyncIterator[Finding]:
    """Return one finding after the other; never raises for what it finds."""
    settings = loaded.settings
    local: dict[str, Check] = {
        "state directory": lambda: doctor_checks.disk(settings),
        "journal": lambda: doctor_checks.journal(settings),
        "daemon": lambda: doctor_checks.daemon(settings),
        "secrets": lambda: doctor_checks.secrets(loaded),
        "token rates": lambda: doctor_checks.token_rates(settings, SystemClock().now().date()),
        **{f"chain {name}": _chain_check(settings, name) for name in settings.chains},
        "broker": lambda: doctor_checks.broker(settings),
        "telegram": lambda: doctor_checks.telegram(settings),
        "alerts": lambda: doctor_checks.alerts(settings),
    }
    for name, check in local.items():
        for finding in await guarded(name, check):
            yield finding
    try:
        async with preview(settings) as world:
            async for finding in _world(settings, world):
                yield finding
    except Exception as error:  # noqa: BLE001 - the doctor reports everything and dies of nothing
        yield _broken("configuration", error)


async def guarded(name: str, check: Check) -> Sequence[Finding]:
    """Run a check; an exception becomes a finding."""
    try:
        async with asyncio.timeout(_DEADLINE):
            return await check()
    except Exception as error:  # noqa: BLE001 - the doctor reports everything and dies of nothing
        return [_broken(name, error)]


def _broken(name: str, error: Exception) -> Finding:
    match error:
        case ConfigError():
            return fail(name, str(error), f"correct {error.key}" if error.key else "correct the configuration")
        case Retryable():
            return fail(name, str(error), "see that it can be reached from here, and try again")
        case TimeoutError():
            return fail(
                name, f"no answer within {_DEADLINE:g} s", "see that it can be reached from here, and try again"
            )
        case DnbotError():
            return fail(name, str(error), "see the message")
        case _:
            return fail(name, f"unexpected {type(error).__name__}: {error}", "this is a bug: please report it")


def _chain_check(settings: Settings, name: ChainName) -> Check:
    async def check() -> Sequence[Finding]:
        return endpoints(name, await probe(chain_config(name, settings.chains[name]), SystemClock()), settings)

    return check


def endpoints(name: ChainName, facts: Sequence[EndpointFacts], settings: Settings) -> list[Finding]:
    """Check the endpoints of a chain, each by itself and against the best one."""
    chain, found = settings.chains[name], []
    best = max((fact.number for fact in facts if fact.number is not None), default=None)
    for fact in facts:
        check = f"chain {name}"
        if fact.number is None or fact.stamp is None or best is None:
            other = "the others carry on" if best is not None else "no other one answers"
            advice = "correct or replace the endpoint"
            message = f"{'; '.join(fact.failures)}; {other}"
            found.append(warn(check, message, advice) if best is not None else fail(check, message, advice))
            continue
        if fact.chain_id != chain.chain_id:
            found.append(
                fail(check, f"{fact.label} is of chain {fact.chain_id}, not {chain.chain_id}", "correct one of them")
            )
            continue
        found.append(_head(check, fact, best, chain.max_head_age))
        if fact.multicall is False:
            advice = f'set chains.{name}.multicall = "none", or correct the address'
            found.append(fail(check, f"there is no Multicall3 at {chain.multicall}", advice))
        if fact.learned:
            text = f"{fact.label} takes {fact.learned}; what is read is cut to that"
            found.append(ok(check, text))
        if not fact.logs:
            advice = f"lower chains.{name}.max_log_blocks, or take an endpoint that keeps logs"
            text = f"{fact.label} gives no logs over {chain.max_log_blocks} blocks, so entry amounts stay unknown"
            found.append(warn(check, "; ".join((text, *fact.failures)), advice))
    return found


def _head(check: str, fact: EndpointFacts, best: int, max_age: timedelta) -> Finding:
    assert fact.stamp is not None  # noqa: S101 - only called with a head; tells the type checker
    assert fact.number is not None  # noqa: S101 - the same
    age = SystemClock().now() - fact.stamp
    said = (
        f"{fact.label}: block {fact.number}, {age.total_seconds():.0f} s old, answers in {fact.seconds * 1000:.0f} ms"
    )
    if age < -_MAX_AHEAD:
        return fail(check, f"{said}: it lies in the future", "set this machine's clock (timedatectl set-ntp true)")
    if best - fact.number > _MAX_LAG:
        return warn(check, f"{said}: {best - fact.number} blocks behind", "put it last, or replace it")
    if age > max_age:
        return warn(check, f"{said}: older than max_head_age", "wait for the chain, or raise max_head_age")
    return ok(check, said)


async def _world(settings: Settings, world: Preview) -> AsyncIterator[Finding]:
    """Read chains and venues as the daemon does, and check the orders that it would have to place."""
    well = True
    for chain in world.chains:
        for finding in await guarded(f"contracts of {chain.chain}", _contracts_check(chain)):
            well = well and not finding.fix
            yield finding
    markets: Markets = {}
    for venue in world.venues:
        for finding in await guarded(f"venue {venue.venue}", _venue_check(settings, world, venue, markets)):
            well = well and not finding.fix
            yield finding
    if not well:
        yield skip("hedge", "chains and venues have to be well first")
        return
    for finding in await guarded("hedge", lambda: _hedge(settings, world, markets)):
        yield finding


def _contracts_check(chain: ChainReader) -> Check:
    async def check() -> Sequence[Finding]:
        await chain.check()
        return [ok(f"contracts of {chain.chain}", "every address and token is as configured")]

    return check


def _venue_check(settings: Settings, world: Preview, venue: Exchange, markets: Markets) -> Check:
    async def check() -> Sequence[Finding]:
        found = await venue.check(world.symbols[venue.venue])
        markets.update({(venue.venue, symbol): market for symbol, market in found.items()})
        kind = settings.venues[venue.venue].kind
        text = f"{kind} ({settings.bot.mode.value}): reached, symbols, modes and permissions are right"
        return [ok(f"venue {venue.venue}", text)]

    return check


async def _hedge(settings: Settings, world: Preview, markets: Markets) -> list[Finding]:
    """Compare the shorts to open with the venues' smallest orders and with the available margin."""
    snapshot = await world.observer.observe()
    decision = decide(
        snapshot, CycleInputs(world.pending), world.state or State.fresh(snapshot.observed_at), settings.policy()
    )
    found = [] if snapshot.positions else [warn("positions", "there is none", "correct owners, pairs or token_ids")]
    found += [
        warn("positions", f"{item.position} is left out: {item.reason}", "nothing for a gift; else as it says")
        for view in snapshot.chains
        for item in view.left_out
    ]
    found += alarmed(decision.alarms)
    for hedge in decision.hedges:
        policy = settings.policy().hedges.get(hedge.underlying)
        if policy is None or hedge.mark is None:
            continue
        rules = [market for one in policy.markets if (market := markets.get((one.venue, one.symbol)))]
        least = min((max(rule.min_quantity, rule.min_notional / hedge.mark) for rule in rules), default=ZERO)
        name, wanted = f"hedge of {hedge.underlying}", f"{hedge.target:.6g} {hedge.underlying} wanted"
        if 0 < abs(hedge.target) < least:
            fix = "nothing to do while it is so small; it shows as drift"
            found.append(warn(name, f"{wanted}, the smallest order is {least:.6g}", fix))
        else:
            found.append(ok(name, f"{wanted}, {hedge.position} held; the smallest order is {least:.6g}"))
    found += [*unread(snapshot), *keys(snapshot), *(collateral(one, settings) for one in collaterals(snapshot))]
    needed = sum((abs(h.target) * h.mark for h in decision.hedges if h.mark is not None), ZERO)
    return [*found, margin(snapshot, settings, needed)]


def alarmed(alarms: Iterable[Alarm]) -> Iterator[Finding]:
    """Tell of what is wrong with positions and exposures; dust in what no venue trades is no failure."""
    fixes = {
        FARM_SHUT: "take it out of that farm",
        CAVEAT: "as it says",
        UNBELIEVED: "nothing for a gift; else wait for its pool to stand at the market",
    }
    for alarm in alarms:
        if (fix := next((fix for key, fix in fixes.items() if alarm.key.startswith(key)), None)) is not None:
            yield warn("positions", alarm.message, fix)
        elif alarm.key.startswith(MARKETLESS):
            say = fail if alarm.severity is Severity.CRITICAL else warn
            yield say("exposure", alarm.message, "either of these")


def unread(snapshot: Snapshot) -> Iterator[Finding]:
    """Report accounts, and parts of them, that can't be read though the venue is reached."""
    for one in snapshot.venues:
        if isinstance(one, VenueUnknown):
            fix = "try again; nothing is traded there until it can be read"
            yield fail(f"venue {one.venue}", f"the account can't be read: {one.reason}", fix)
        else:
            for part in one.unread:
                fix = "try again; nothing is added on what it bears on"
                yield warn(f"venue {one.venue}", f"{part.what} can't be read: {part.reason}", fix)


def keys(snapshot: Snapshot) -> Iterator[Finding]:
    """Report the keys that expire, and when."""
    soon = {alarm.key: alarm.message for alarm in key_alarms(snapshot)}
    for one in snapshot.known_venues:
        if one.key_ends is not None:
            name, text = f"key of {one.venue}", f"it ends on {one.key_ends:%Y-%m-%d at %H:%M} UTC"
            is_soon = soon.get(f"key:{one.venue}")
            yield ok(name, text) if is_soon is None else warn(name, is_soon, "approve a new key, and restart with it")


def collateral(one: Collateral, settings: Settings) -> Finding:
    """Report whether a settlement currency is worth a dollar, as far as any source says."""
    name, text = "collateral", f"{one.venue} settles in {one.words}"
    if one.is_off(settings.guards.max_depeg):
        return fail(name, f"{text}, more than {settings.guards.max_depeg:.1%} off par", "nothing is added there")
    if one.price is not None:
        return ok(name, text)
    if settings.venues[one.venue].is_paper:
        return skip(name, f"{text}; a paper account has none to lose")
    return warn(name, text, f"set chains.NAME.dollar_feeds.{one.currency}, so that a depeg holds adds")


def margin(snapshot: Snapshot, settings: Settings, notional: Decimal) -> Finding:
    """Compare the equity of the venues with the initial margin that the whole hedge asks for, USD."""
    views = snapshot.known_venues
    if len(views) < len(snapshot.venues):
        return skip("margin", "every venue has to be read first")
    room = sum((view.balance.equity * settings.venues[view.venue].leverage for view in views), ZERO)
    text = f"a hedge of {notional:,.0f} USD; the venues' equity carries at most {room:,.0f} USD"
    if notional > room:
        return fail("margin", text, "add collateral, or hedge less (hedge.ratio)")
    if 2 * notional > room:
        return warn("margin", f"{text}: little is left for a move against it", "add collateral")
    return ok("margin", text)
