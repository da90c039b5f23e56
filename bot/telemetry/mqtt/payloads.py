"""The payload of every topic, and so its JSON schema: Decimals are strings, unknown is null, times are ISO-8601 in UTC.

Quantities are signed base units of the underlying (a short is negative), money is USD, ratios are fractions.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema

from bot.core.command import LONGEST_REASON, Verb
from bot.core.decision import Severity
from bot.core.run_state import RunState
from bot.core.types import Mode


def _plain(value: Decimal) -> str:
    """Write every significant digit, and no exponent."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


Exact = Annotated[
    Decimal,
    PlainSerializer(_plain, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^-?\d+(\.\d+)?$"}),
]
"""A Decimal that is sent as a string, without an exponent."""


class Payload(BaseModel):
    """What all payloads have in common."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def encode(self) -> bytes:
        """Write the payload."""
        return self.model_dump_json().encode()


class StandingAlarm(Payload):
    """One alarm that stands."""

    key: str = Field(description="stable while the alarm lasts")
    severity: Severity
    message: str


class BotState(Payload):
    """The bot as a whole, after each cycle."""

    bot: str = Field(description="the bot's id")
    version: str
    mode: Mode
    state: RunState
    reason: str = Field(description="why it is in this state")
    since: datetime = Field(description="since when")
    cycle: int = Field(description="number of the last finished cycle")
    at: datetime = Field(description="when it decided")
    seconds: float = Field(description="how long it took")
    lp_value: Exact | None = Field(description="value of all positions, fees included; null if any is unknown")
    fees_value: Exact | None = Field(description="fees in it: uncollected, or left in the pool since the deposit")
    equity: Exact | None = Field(description="equity of all venues; null if any is unknown")
    approved: int = Field(description="orders of this cycle")
    refused: int = Field(description="orders that a guard refused")
    alarms: tuple[StandingAlarm, ...] = Field(description="what a person should know")
    glance: str = Field(description="the whole in one line, for people")


class UnderlyingState(Payload):
    """One underlying, after each cycle; drift = exposure x ratio + position + in flight."""

    underlying: str
    at: datetime
    exposure: Exact
    target: Exact
    position: Exact | None
    in_flight: Exact
    drift: Exact | None
    band_outer: Exact | None = Field(description="nothing is traded while |drift| is at most this")
    band_inner: Exact | None = Field(description="a trade goes back to this")
    mark: Exact | None = Field(description="USD")
    note: str = Field(description="what is done, and why")
    unhedged: Exact | None = Field(description="exposure + position, whatever is aimed at; null if unknown")
    unhedged_share: Exact | None = Field(description="the same as a fraction of the exposure")
    open: bool = Field(description="whether more is unhedged than what is configured and the band allow")
    sells_below: Exact | None = Field(description="mark below which more is sold; null: there is none near")
    buys_above: Exact | None = Field(description="mark above which some is bought back")
    stop: Exact | None = Field(description="lowest trigger of its verified stops")
    liquidation_distance: Exact | None = Field(description="of its short nearest to liquidation, all marks rising")


class PerpState(Payload):
    """One perpetual of a venue."""

    symbol: str
    size: Exact
    notional: Exact
    mark: Exact
    unrealised: Exact
    liquidation_price: Exact | None = Field(description="the nearest; a short's where all marks of the account rise")
    liquidation_distance: Exact | None = Field(description="how far the mark may move against the position up to it")
    funding_rate: Exact | None = Field(description="of the next funding; a short receives a positive one")
    funding_at: datetime | None


class CollateralState(Payload):
    """What a venue settles in."""

    currency: str
    price: Exact | None = Field(description="USD, of all feeds the farthest from a dollar; null where nobody tells it")
    sources: str = Field(description="who told it, or why nobody could")


class VenueState(Payload):
    """One venue's account, after each cycle; all but the first four are null where it could not be read."""

    venue: str
    at: datetime
    known: bool = Field(description="whether it could be read")
    reason: str | None = Field(description="why not")
    wallet: Exact | None = None
    equity: Exact | None = None
    available: Exact | None = None
    initial_margin: Exact | None = None
    maintenance_margin: Exact | None = None
    margin_ratio: Exact | None = Field(default=None, description="maintenance margin over equity; liquidation at 1")
    liquidation_distance: Exact | None = Field(default=None, description="of the position that is nearest to it")
    perps: tuple[PerpState, ...] | None = None
    collaterals: tuple[CollateralState, ...] | None = None


class EventMessage(Payload):
    """An event: an order sent, an alarm raised or resolved, a change of state."""

    at: datetime
    kind: str
    message: str
    data: dict[str, str]


class CommandDesk(Payload):
    """What a sender of commands has to know, and the results of this epoch's commands so far."""

    epoch: int = Field(description="goes into a command; a new one begins at every start of the bot")
    verbs: tuple[Verb, ...] = Field(description="what may be commanded over MQTT")
    accepted: int
    refused: dict[str, int] = Field(description="refused commands by reason")


class CommandMessage(Payload):
    """A signed command."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)

    bot: str = Field(max_length=12)
    epoch: int = Field(ge=0, le=2**53, description="of the bot's `commands` topic")
    counter: int = Field(
        ge=0, le=2**53, description="larger than every one before: the sender's time in milliseconds since 1970"
    )
    expires: int = Field(ge=0, le=2**53, description="seconds since 1970, at most 30 s ahead")
    verb: str = Field(max_length=16, description="the same as in the topic")
    args: dict[str, str] = Field(max_length=4, description='{"reason": text} or {}')
    id: str = Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$", description="comes back in the result")
    mac: str = Field(pattern=r"^[0-9a-f]{64}$", description="HMAC-SHA-256, see below")


class CommandReply(Payload):
    """The result of a command; signed with the same key."""

    id: str = Field(description="of the command")
    accepted: bool
    state: RunState | None = Field(description="the state that stands now; null where the command was refused unread")
    reason: str | None = None
    since: datetime | None = None
    message: str = Field(description="a sentence for the operator")
    mac: str = Field(default="", description="HMAC-SHA-256, see below")


LONGEST_COMMAND = 2048 + 6 * LONGEST_REASON
"""Bytes of a command, its reason escaped."""
