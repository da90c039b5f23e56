"""Turn a cycle into MQTT messages. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from bot.core.record import CycleRecord, Event
from bot.core.view.cycle import CycleView, HedgeView, VenueState
from bot.core.view.glance import glance
from bot.core.view.perps import Perp
from bot.telemetry.mqtt import payloads, topics
from bot.telemetry.mqtt.config import MqttConfig
from bot.telemetry.mqtt.topics import Message


@dataclass(frozen=True, slots=True)
class Composer:
    """Writes messages for one bot."""

    config: MqttConfig

    def states(self, view: CycleView) -> Iterator[Message]:
        """Return the retained messages of a cycle."""
        yield self._state(topics.BOT, self._bot(view))
        for item in view.hedges:
            yield self._state(topics.underlying(item.hedge.underlying), _underlying(view.record, item))
        for venue in view.venues:
            yield self._state(topics.venue(venue.venue), _venue(venue))

    def event(self, event: Event) -> Message:
        """Return the message of an event."""
        payload = payloads.EventMessage(at=event.at, kind=event.kind, message=event.message, data=dict(event.data))
        return Message(f"{self.config.prefix}/{topics.EVENT}", payload.encode(), retain=False)

    def _state(self, topic: str, payload: payloads.Payload) -> Message:
        return Message(f"{self.config.prefix}/{topic}", payload.encode(), retain=True)

    def _bot(self, view: CycleView) -> payloads.BotState:
        record, totals = view.record, view.totals
        decision = record.decision
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
            lp_value=totals.lp_value,
            fees_value=totals.fees_value,
            equity=totals.all_equity,
            approved=len(decision.approved),
            refused=len(decision.refused),
            alarms=tuple(
                payloads.StandingAlarm(key=alarm.key, severity=alarm.severity, message=alarm.message)
                for alarm in decision.alarms
            ),
            glance=glance(view, self.config.mode).text,
        )


def _underlying(record: CycleRecord, item: HedgeView) -> payloads.UnderlyingState:
    hedge, trades = item.hedge, item.next_trade
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
        note=item.words.note,
        unhedged=item.unhedged,
        unhedged_share=_rounded(item.unhedged_share),
        open=item.is_open,
        sells_below=_rounded(trades.sells_below),
        buys_above=_rounded(trades.buys_above),
        stop=item.stop,
        liquidation_distance=_rounded(item.nearest.distance if item.nearest else None),
    )


def _venue(venue: VenueState) -> payloads.VenueState:
    balance = venue.balance
    if balance is None:
        return payloads.VenueState(venue=venue.venue, at=venue.as_of, known=False, reason=venue.reason)
    return payloads.VenueState(
        venue=venue.venue,
        at=venue.as_of,
        known=True,
        reason=None,
        wallet=balance.wallet,
        equity=balance.equity,
        available=balance.available,
        initial_margin=balance.initial_margin,
        maintenance_margin=balance.maintenance_margin,
        margin_ratio=_rounded(venue.margin_ratio),
        liquidation_distance=_rounded(venue.liquidation_distance),
        perps=tuple(_perp(perp) for perp in venue.perps),
        collaterals=tuple(
            payloads.CollateralState(currency=one.currency, price=one.price, sources=one.sources)
            for one in venue.collaterals
        ),
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
        funding_rate=funding.rate if funding else None,
        funding_at=funding.next_at if funding else None,
    )


def _rounded(figure: Decimal | None) -> Decimal | None:
    return None if figure is None else round(figure, 6)
