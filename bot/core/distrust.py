"""What is not believed, and what no venue can hedge: told with as much weight as the liquidity that hangs on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final

from bot.core.assess import Assessment
from bot.core.data_quality.staleness import POOL_GUARD, DataIssue
from bot.core.decision import Alarm, Severity
from bot.core.lp.exposure import MATTERS
from bot.core.policy import Policy
from bot.core.types import USD, Underlying

MARKETLESS: Final = "no-market"
"""First words of the alarm about an exposure that no venue has a market for."""


def alarms(assessment: Assessment, policy: Policy) -> list[Alarm]:
    """Return alarms about data that is not believed, and about exposures that no venue has a market for."""
    return [*_doubted(assessment), *_marketless(assessment, policy)]


def _doubted(assessment: Assessment) -> Iterable[Alarm]:
    """Tell of issues.

    A pool in which next to nothing of the liquidity lies may be a stranger's, who says there what he likes.
    """
    for issue in assessment.issues:
        is_little = bool(issue.amounts) and _is_little(assessment, issue.amounts or {})
        severity = Severity.INFO if is_little and issue.guard == POOL_GUARD else Severity.WARNING
        yield Alarm(issue.key, severity, f"{issue.reason}: {_held_back(issue)}")


def _marketless(assessment: Assessment, policy: Policy) -> Iterable[Alarm]:
    """Tell of exposures that no venue has a market for, unless the user accepts them.

    What is worth next to nothing beside the liquidity may be a stranger's gift, and is no critical matter.
    """
    for underlying, exposure in assessment.exposures.items():
        if exposure.amount and underlying not in policy.hedges and underlying not in policy.accepted:
            text = (
                f"{exposure.amount:.6g} {underlying} are not hedged: no venue has a market for {underlying}; add it to "
                f"a venue's symbols, or accept it by hedge.underlyings.{underlying}.enabled = false"
            )
            is_little = _is_little(assessment, {underlying: exposure.amount})
            severity = Severity.WARNING if is_little else Severity.CRITICAL
            yield Alarm(f"{MARKETLESS}:{underlying}", severity, text)


def _is_little(assessment: Assessment, amounts: Mapping[Underlying, Decimal]) -> bool:
    """Tell whether amounts are worth next to nothing beside the liquidity; what has no price may be worth anything."""
    prices = assessment.prices
    if not amounts.keys() <= prices.keys():
        return False
    return sum(abs(amount) * prices[key] for key, amount in amounts.items()) < MATTERS * assessment.lp_value


def _held_back(issue: DataIssue) -> str:
    """Return what a data issue keeps from being added."""
    if issue.amounts is None:
        return f"nothing is added in {', '.join(issue.underlyings)}"
    shares = [f"{amount:.6g} {key}" for key, amount in issue.amounts.items() if amount and key != USD]
    if not shares:
        return "no exposure rests on it"
    return f"{' and '.join(shares)} of the exposure rest on it and are kept as last believed; nothing is added for them"
