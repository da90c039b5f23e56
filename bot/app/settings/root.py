"""The whole configuration."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from pydantic import Field, SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from bot.app.settings.chains import ChainTable
from bot.app.settings.hedge import ExecutionSettings, GuardSettings, HedgeSettings
from bot.app.settings.origins import Layer
from bot.app.settings.origins import Path as KeyPath
from bot.app.settings.risk import RiskSettings
from bot.app.settings.venues import VenueSettings
from bot.core.policy import HedgeMarket, HedgePolicy, Policy
from bot.core.types import Mode, Symbol, Underlying, VenueId
from bot.setting_types.base import Table
from bot.setting_types.fields import BotId, ChainKey, Duration, Integer, VenueKey
from bot.telemetry.mqtt.settings import MqttSettings
from bot.telemetry.notifications.settings import AlertSettings
from bot.telemetry.telegram.settings import TelegramSettings
from bot.telemetry.web.settings import HttpSettings

STATE_DIR: Final = Path("var")
_TELLING = 8  # a shorter piece of an URL, such as "rpc" or "v2", is no key, and redacting it would hide ordinary words


class LogLevel(StrEnum):
    """The log level."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    """The format of log lines."""

    AUTO = "auto"
    PRETTY = "pretty"
    JSON = "json"


class BotSettings(Table):
    """The bot itself."""

    id: BotId = Field(default="dnbot", description="1 to 12 of a-z and 0-9; goes into every client order id")
    mode: Mode = Field(
        default=Mode.PAPER,
        description='"paper": no order leaves this machine; "demo": the venues\' demo systems; "live", with --live',
    )
    state_dir: Path = Field(
        default=STATE_DIR,
        description="where the journal and paper accounts are kept; relative to the file that names it, or to -c",
    )
    journal_size: Integer = Field(
        default=1024,
        ge=64,
        le=1_000_000,
        description="MiB that the journal may take: beyond it the oldest cycles go, down to the newest thousand",
    )
    cycle_interval: Duration = Field(
        default=timedelta(seconds=30), description="a cycle runs at every head and this often"
    )
    cycle_spacing: Duration | None = Field(
        default=None,
        description="time between two cycles at least; left out: what the real venues can bear, 1.5s at most",
        examples=["1.5s"],
    )
    ledger_interval: Duration = Field(
        default=timedelta(seconds=15),
        ge=timedelta(seconds=5),
        description="how often a real venue's ledger is read, and its results booked; it takes of the requests' budget",
    )


class LogSettings(Table):
    """Logging."""

    level: LogLevel = Field(default=LogLevel.INFO, description="the least severe level that is logged")
    format: LogFormat = Field(default=LogFormat.AUTO, description='"pretty", "json", or "auto": pretty on a terminal')


class LayerSource(PydanticBaseSettingsSource):
    """One layer of values as a source of pydantic-settings.

    The package's own file, secret and environment sources keep no record of where a value came from, fold the case of
    keys such as ``ETH``, and pass over a missing file; so the layers are read by ``layers`` and handed over whole.
    """

    def __init__(self, settings_cls: type[BaseSettings], layer: Layer) -> None:
        super().__init__(settings_cls)
        self._layer = layer

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[object, str, bool]:
        """Return one top-level table, as the base class wants it."""
        del field
        return self._layer.values.get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:  # noqa: D102 - the base class says it
        return dict(self._layer.values)


LAYERS: Final[ContextVar[tuple[Layer, ...]]] = ContextVar("layers", default=())
"""The layers of the load in progress, lowest first."""


class Settings(Table, BaseSettings):
    """Everything that a user can set."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    bot: BotSettings = Field(default_factory=BotSettings, description="the bot itself")
    chains: dict[ChainKey, ChainTable] = Field(min_length=1, description="the chains whose positions are hedged")
    hedge: HedgeSettings = Field(default_factory=HedgeSettings, description="how exposures are hedged")
    guards: GuardSettings = Field(default_factory=GuardSettings, description="limits that no strategy goes around")
    risk: RiskSettings = Field(
        default_factory=RiskSettings, description="leverage, margin, stops, losses; by a profile"
    )
    execution: ExecutionSettings = Field(default_factory=ExecutionSettings, description="how orders are worked")
    venues: dict[VenueKey, VenueSettings] = Field(
        min_length=1, description="where the shorts are held, in order of preference"
    )
    http: HttpSettings = Field(default_factory=HttpSettings, description="health, metrics and the status page")
    mqtt: MqttSettings = Field(default_factory=MqttSettings, description="state and commands through a broker")
    alerts: AlertSettings = Field(default_factory=AlertSettings, description="who is told of what goes wrong")
    telegram: TelegramSettings = Field(
        default_factory=TelegramSettings, description="a bot at Telegram that answers listed chats"
    )
    log: LogSettings = Field(default_factory=LogSettings, description="logging")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        *_: PydanticBaseSettingsSource,
        **__: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take the values from the layers alone, the last one first."""
        return (init_settings, *(LayerSource(settings_cls, layer) for layer in reversed(LAYERS.get())))

    def policy(self) -> Policy:
        """Return what decide() depends on; every underlying with a market is hedged unless it is disabled."""
        markets: dict[Underlying, list[HedgeMarket]] = {}
        for venue, settings in self.venues.items():
            for underlying, symbol in settings.symbols.items():
                markets.setdefault(underlying, []).append(_market(venue, symbol, settings))
        return Policy(
            band=self.hedge.band.policy(),
            floor_width=self.hedge.floor_width,
            fixed_cost=self.hedge.fixed_cost,
            least_trade=self.hedge.least_trade,
            assumed_volatility=self.hedge.assumed_volatility,
            hedges={name: hedge for name in markets if (hedge := self._hedge(name, markets[name]))},
            guards=self.guards.policy(),
            risk=self.risk.policy(),
            venue_caps={name: venue.max_notional_total for name, venue in self.venues.items()},
            execution=self.execution.policy(),
            hedge_rewards=self.hedge.hedge_rewards,
            accepted=frozenset(name for name, own in self.hedge.underlyings.items() if not own.enabled),
        )

    def _hedge(self, underlying: Underlying, markets: list[HedgeMarket]) -> HedgePolicy | None:
        own = self.hedge.underlyings.get(underlying)
        if own is None:
            return HedgePolicy(self.hedge.ratio, tuple(markets))
        if not own.enabled:
            return None
        return HedgePolicy(self.hedge.ratio if own.ratio is None else own.ratio, tuple(markets))

    def secrets(self) -> frozenset[str]:
        """Return the strings that no log, message or screen may show: user names, keys and paths of endpoints."""
        urls = [url for _, url in self.endpoints()]
        urls += [self.alerts.pulse_url.get_secret_value()] if self.alerts.pulse_url else []
        held = {text for _, key in self.credentials() if (text := key.get_secret_value())}
        targets = (target.get_secret_value() for target in (*self.alerts.urls, *self.alerts.critical_urls))
        # an Apprise URL may hold its token anywhere, even where the host stands
        pieces = {piece for target in targets for piece in re.split("[/@?&=#]+", target) if len(piece) >= _TELLING}
        words = {word for piece in pieces for word in piece.split(":") if len(word) >= _TELLING}
        return frozenset(held | pieces | words).union(*map(url_secrets, urls))

    def endpoints(self) -> Iterator[tuple[KeyPath, str]]:
        """Return the chains' endpoints, with the keys that lead there."""
        for name, chain in self.chains.items():
            for key in ("rpc_urls", "ws_urls"):
                for url in getattr(chain, key):
                    yield ("chains", name, key), url.get_secret_value()

    def credentials(self) -> Iterator[tuple[KeyPath, SecretStr]]:
        """Return what lets its holder act, with the keys that lead there; unset ones are empty."""
        for name, venue in self.venues.items():
            for key, value in venue.secrets().items():
                yield ("venues", name, key), value
        yield ("mqtt", "password"), self.mqtt.password
        yield ("mqtt", "key"), self.mqtt.key
        yield ("telegram", "token"), self.telegram.token
        for key in ("urls", "critical_urls"):
            for target in getattr(self.alerts, key):
                yield ("alerts", key), target


def _market(venue: VenueId, symbol: Symbol, settings: VenueSettings) -> HedgeMarket:
    return HedgeMarket(venue, symbol, settings.max_notional)


def url_secrets(url: str) -> frozenset[str]:
    """Return the parts of an URL that may hold a key: credentials, the path with its query, and their longer pieces."""
    parts = urlsplit(url)
    credentials, _, _ = parts.netloc.rpartition("@")
    pieces = [*credentials.split(":"), *re.split("[/&=?#]", url.partition(parts.netloc)[2])]
    found = [credentials and f"{credentials}@", *(piece for piece in pieces if len(piece) >= _TELLING)]
    return frozenset(form for text in found if text for form in (text, unquote(text)))
