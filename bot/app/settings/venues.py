"""``[venues.NAME]``: where the shorts are held, a paper account or a real one; each kind of venue adds its own keys."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from copy import copy
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Self

from pydantic import AfterValidator, Field, SecretStr, ValidationError, create_model, model_validator
from pydantic.fields import FieldInfo

from bot.exchange.kind import OwnSettings
from bot.paper.engine.rules import MarginMode
from bot.setting_types.base import Table
from bot.setting_types.fields import Duration, Fraction, NotNegative, PerpSymbol, Positive, UnderlyingKey
from bot.venues.registry import KINDS, kind_of

Cost = Annotated[Fraction, Field(ge=0, lt=1)]

PAPER: Final = "paper"
REAL: Final = "real"
"""Descriptions of settings that only one kind of venue has begin with its name and a colon."""


class MarkSource(StrEnum):
    """Where the paper venue's marks come from."""

    POOL = "pool"
    SCRIPT = "script"
    VENUE = "venue"


class PaperClock(StrEnum):
    """Which clock the paper venue's funding runs by."""

    SYSTEM = "system"
    CHAIN = "chain"


def _check_kind(value: str) -> str:
    if value not in KINDS and not (value.isalnum() and value.islower()):
        raise ValueError(f"is no kind of venue; write {_kinds(PAPER, *KINDS)}, or the ccxt id of another one")
    return value


def _kinds(*names: str) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _check_redirect(value: str) -> str:
    host, _, port = value.rpartition(":")
    try:
        local = ipaddress.ip_address(host).is_loopback
    except ValueError:
        local = False
    if not local or not port.isdecimal() or not 0 < int(port) < 65536:  # noqa: PLR2004 - the ports that there are
        raise ValueError('must be an address of this machine, such as "127.0.0.1:8443"')
    return value


class VenueSettings(Table):
    """One account. Settings of a paper venue and of a real one exclude each other."""

    kind: Annotated[str, AfterValidator(_check_kind)] = Field(
        description=", ".join(['"paper"', *(f'"{name}" ({kind.title})' for name, kind in KINDS.items())])
        + ", or the ccxt id of another linear-perpetual venue",
        examples=["paper"],
    )
    symbols: dict[UnderlyingKey, PerpSymbol] = Field(
        min_length=1,
        description="the perpetual that carries each underlying",
        examples=[{"ETH": "ETH/USDT:USDT", "BTC": "BTC/USDT:USDT"}],
    )
    max_notional: Positive = Field(default=Decimal(1_000_000), description="largest short per symbol here, USD")
    max_notional_total: Positive = Field(default=Decimal(1_000_000), description="largest sum of shorts here, USD")
    leverage: Annotated[Positive, Field(ge=1, le=125)] = Field(
        default=Decimal(10), description="notional per unit of initial margin; left out: risk.leverage"
    )
    reserve: NotNegative = Field(
        default=Decimal(0), description="paper: what other wallets hold for the margin ladder to bring in, USD"
    )
    deposit: Positive = Field(default=Decimal(20_000), description="paper: collateral the account starts with, USD")
    mark: MarkSource = Field(
        default=MarkSource.POOL,
        description='paper: "pool": the deepest pool\'s own price; "script": a file; "venue": a real venue',
    )
    script: Path | None = Field(
        default=None, description='paper: file of scripted marks for mark = "script"', examples=["marks.csv"]
    )
    source: Annotated[str, AfterValidator(_check_kind)] | None = Field(
        default=None,
        description=f'paper: the venue whose public prices mark = "venue" reads, without a key: {_kinds(*KINDS)}, …',
        examples=[next(iter(KINDS))],
    )
    clock: PaperClock = Field(
        default=PaperClock.SYSTEM, description='paper: "system", or "chain": the newest block\'s time'
    )
    half_spread: Cost = Field(
        default=Decimal("0.0001"), description="paper: half of the bid/ask spread, fraction of the mark"
    )
    depth_per_bp: Positive = Field(
        default=Decimal(100_000), description="paper: notional that moves the price by one basis point, USD"
    )
    queue: Annotated[Fraction, Field(ge=0, le=2)] = Field(
        default=Decimal(1),
        description="paper: where a resting order stands at its price: 0 first (fills once it is traded at), 1 last "
        "(once it is traded through by half a spread), 2 behind hidden size (by a whole one)",
    )
    maker_fee: Cost = Field(
        default=Decimal("0.0002"), description="paper: fee of a resting order, fraction of notional"
    )
    taker_fee: Cost = Field(
        default=Decimal("0.0005"), description="paper: fee of an immediate order, fraction of notional"
    )
    funding_rate: Annotated[Fraction, Field(ge=Decimal("-0.03"), le=Decimal("0.03"))] = Field(
        default=Decimal("-0.00003"),
        description="paper: funding per interval, fraction of notional; a short receives a positive one and pays a "
        "negative one. Left out: about the lower quartile of what ETH paid in late 2022 (docs/evidence.md)",
    )
    funding_interval: Duration = Field(default=timedelta(hours=8), description="paper: time between fundings")
    demo: bool = Field(default=False, description='real: trade on the venue\'s demo system, with bot.mode = "demo"')
    margin_mode: MarginMode = Field(
        default=MarginMode.CROSS,
        description='"cross": the account stands behind every short; "isolated": each has its own margin',
    )
    recv_window: Duration = Field(
        default=timedelta(seconds=5), description="real: how long the venue may still take a request after its time"
    )
    streams: bool = Field(
        default=True, description="real: let the venue's streams hurry the next cycle where something moved"
    )
    stream_move: Annotated[Fraction, Field(gt=0, le=1)] = Field(
        default=Decimal("0.001"), description="real: how far a mark must move for that, fraction"
    )
    redirect_to: Annotated[str, AfterValidator(_check_redirect)] | None = Field(
        default=None,
        description="talk to a venue server on this machine (`dnbot venue serve`) instead of the venue's hosts",
        examples=["127.0.0.1:8443"],
    )
    ca_file: Path | None = Field(default=None, description="certificate authority of that server", examples=["ca.pem"])

    def own(self) -> tuple[str, ...]:
        """Leave out the settings of other kinds of venue."""
        other, mine = REAL if self.is_paper else PAPER, self._keys()
        return tuple(
            name
            for name, field in type(self).model_fields.items()
            if name in mine or (name not in _OWNERS and not (field.description or "").startswith(f"{other}:"))
        )

    def _keys(self) -> tuple[str, ...]:
        """Return the keys that its kind adds."""
        return () if self.is_paper else tuple(kind_of(self.kind).settings.model_fields)

    def own_settings(self) -> OwnSettings:
        """Return the settings of its kind of venue; nothing for a paper venue."""
        if self.is_paper:
            return OwnSettings()
        return kind_of(self.kind).settings(**{key: getattr(self, key) for key in self._keys()})

    def secrets(self) -> dict[str, SecretStr]:
        """Return what must never be shown, by key; unset ones are empty."""
        held = {key: getattr(self, key) for key in self._keys()}
        return {key: value for key, value in held.items() if isinstance(value, SecretStr)}

    @property
    def is_paper(self) -> bool:
        """Whether the account is dnbot's own simulation, inside the process."""
        return self.kind == PAPER

    @property
    def is_local(self) -> bool:
        """Whether nothing of it leaves this machine."""
        return self.is_paper or self.redirect_to is not None

    def missing(self) -> tuple[str, ...]:
        """Return the keys that its kind needs to act, if not all of them are set."""
        needed = () if self.is_paper else tuple(kind_of(self.kind).settings.needed)
        return () if all(_text(getattr(self, key)) for key in needed) else needed

    @model_validator(mode="after")
    def _script_with_its_mark(self) -> Self:
        if (self.mark is MarkSource.SCRIPT) != (self.script is not None):
            raise ValueError('`script` names the file of mark = "script"; give both or neither')
        if (self.mark is MarkSource.VENUE) != (self.source is not None and self.source != PAPER):
            raise ValueError('`source` names the real venue of mark = "venue"; give both or neither')
        if self.is_paper and self.redirect_to is not None and self.source is None:
            raise ValueError('`redirect_to` stands in for the venue of mark = "venue"; give both or neither')
        return self

    @model_validator(mode="after")
    def _each_its_own(self) -> Self:
        for underlying, symbol in self.symbols.items():
            if (
                symbol.partition("/")[0].rpartition("-")[2] != underlying
            ):  # a market within the venue is named before it
                raise ValueError(f"{symbol} does not carry {underlying}; write {underlying}/…")
        return self

    @model_validator(mode="after")
    def _settings_of_its_kind(self) -> Self:
        wrong = sorted(self.model_fields_set.difference(self.own()))
        if wrong:
            other = REAL if self.is_paper else PAPER
            owners = other if self.is_paper else ", ".join(_OWNERS.get(wrong[0], (other,)))
            raise ValueError(f"`{wrong[0]}` is a setting of {owners} venues, and kind is {self.kind!r}; remove it")
        _check_own(self.own_settings)
        if (self.redirect_to is None) != (self.ca_file is None):
            raise ValueError("`ca_file` names the authority of the server at `redirect_to`; give both or neither")
        return self


def _text(value: object) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value or "")


def _check_own(make: Callable[[], OwnSettings]) -> None:
    """Validate the keys together by the kind's own table; report its errors."""
    try:
        make()
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise ValueError(str(first.get("ctx", {}).get("error", first["msg"]))) from None


def _own_fields() -> dict[str, dict[str, FieldInfo]]:
    """Return the keys that kinds of venues add, by kind; ``other`` stands for those that only ccxt knows."""
    found: dict[str, dict[str, FieldInfo]] = {}
    for name, kind in {**KINDS, "other": kind_of("other")}.items():
        for key, field in kind.settings.model_fields.items():
            found.setdefault(key, {})[name] = field
    return found


_OWNERS: Final = _own_fields()


def _merged(fields: Mapping[str, FieldInfo]) -> tuple[Any, FieldInfo]:
    """Return what several kinds call the same as one key.

    Raises:
        TypeError: their types differ.
    """
    name, field = next(iter(fields.items()))
    for other, another in fields.items():
        if another.annotation != field.annotation:
            raise TypeError(f"venues {name} and {other} have a setting of one name and two types")
    shown = copy(field)
    whose = "" if len(fields) > len(KINDS) else f" ({', '.join(fields)})"
    shown.description = f"{REAL}: {field.description}{whose}"
    return field.annotation, shown


if not TYPE_CHECKING:  # the keys of the registered kinds are known at run time only
    VenueSettings = create_model(
        "VenueSettings",
        __base__=VenueSettings,
        __doc__=VenueSettings.__doc__,
        **{key: _merged(fields) for key, fields in _OWNERS.items()},
    )
