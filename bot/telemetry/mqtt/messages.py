"""From a cycle's record to the messages that tell it; pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from bot.core.decision import Hedge
from bot.core.record import CycleRecord, Event
from bot.core.snapshot import VenueUnknown, VenueView
from bot.core.types import ZERO
from bot.journal.cycle_summary import summarise
from bot.telemetry.mqtt import payloads, topics
from bot.telemetry.mqtt.config import MqttConfig
from bot.telemetry.mqtt.topics import Message
from bot.telemetry.risk_figures import Perp, margin_ratio, perps


@dataclass(frozen=True, slots=True)
class Composer:
    """Writes messages for one bot."""

    config: MqttConfig

    def states(self, record: CycleRecord) -> Iterator[Message]:
        """Return the retained messages of a cycle."""
        yield self._state(topics.BOT, self._bot(record))
        for hedge in record.decision.hedges:
            yield self._state(topics.underlying(hedge.underlying), _underlying(record, hedge))
        for view in record.snapshot.venues:
            yield self._state(topics.venue(view.venue), _venue(record, view))

    def event(self, event: Event) -> Message:
        """Return the message of an event."""
        payload = payloads.EventMessage(at=event.at, kind=event.kind, message=event.message, data=dict(event.data))
        return Message(f"{self.config.prefix}/{topics.EVENT}", payload.encode(), retain=False)

    def _state(self, topic: str, payload: payloads.Payload) -> Message:
        return Message(f"{self.config.prefix}/{topic}", payload.encode(), retain=True)

    def _bot(self, record: CycleRecord) -> payloads.BotState:
        figures, decision = summarise(record).figures, record.decision
        known = len(figures.equity) == len(record.snapshot.venues)
        return payloads.BotState(
            bot=self.config.bot_id,
            version=self.config.version,
            mode=self.config.mode,
            state=decision.state.bot.state,
            reason=decision.state.bot.reason,
            since=decision.state.bot.since,
            cycle=record.cycle,
            at=record.at,
            seconds=round(record.seconds, 4),
            lp_value=figures.lp_value,
            fees_value=figures.fees_value,
            equity=sum(figures.equity.values(), ZERO) if known else None,
            approved=figures.approved,
            refused=figures.refused,
            alarms=tuple(
                payloads.StandingAlarm(key=alarm.key, severity=alarm.severity, message=alarm.message)
                for alarm in decision.alarms
            ),
        )


def _underlying(record: CycleRecord, hedge: Hedge) -> payloads.UnderlyingState:
    return payloads.UnderlyingState(
        underlying=hedge.underlying,
        at=record.at,
        exposure=hedge.exposure,
        target=hedge.target,
        position=hedge.position,
        in_flight=hedge.in_flight,
        drift=hedge.drift,
        band_outer=hedge.band.outer if hedge.band else None,
        band_inner=hedge.band.inner if hedge.band else None,
        mark=hedge.mark,
        note=hedge.note,
    )


def _venue(record: CycleRecord, view: VenueView | VenueUnknown) -> payloads.VenueState:
    if isinstance(view, VenueUnknown):
        return payloads.VenueState(venue=view.venue, at=view.as_of, known=False, reason=view.reason)
    held = [perp for perp in perps(record) if perp.view is view]
    distances = [distance for perp in held if (distance := perp.liquidation_distance) is not None]
    balance = view.balance
    return payloads.VenueState(
        venue=view.venue,
        at=view.as_of,
        known=True,
        reason=None,
        wallet=balance.wallet,
        equity=balance.equity,
        available=balance.available,
        initial_margin=balance.initial_margin,
        maintenance_margin=balance.maintenance_margin,
        margin_ratio=_rounded(margin_ratio(balance)),
        liquidation_distance=_rounded(min(distances, default=None)),
        perps=tuple(_perp(perp) for perp in held),
    )


def _perp(perp: Perp) -> payloads.PerpState:
    position, funding = perp.position, perp.quote.funding
    return payloads.PerpState(
        symbol=position.symbol,
        size=position.size,
        notional=perp.notional,
        mark=perp.quote.mark.price,
        unrealised=position.unrealised,
        liquidation_price=perp.liquidation_price,
        liquidation_distance=_rounded(perp.liquidation_distance),
        funding_rate=funding.rate,
        funding_at=funding.next_at,
    )


def _rounded(ratio: Decimal | None) -> Decimal | None:
    return None if ratio is None else round(ratio, 6)
