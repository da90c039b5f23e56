"""A real venue behind the Exchange port: ccxt signs and encodes, our transport supervises, nothing is sent twice."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

import aiohttp

from bot.core.errors import ConfigError, Retryable
from bot.core.market import PerpMarket
from bot.core.orders import Fill, Intent, NotFound, OrderReport, OrderRequest, Outcome, Rejected, Statement, Unknown
from bot.core.reconciliation.identity import OrderIds
from bot.core.reconciliation.lost_orders import ResolutionRule
from bot.core.snapshot import Unread, VenueView
from bot.core.types import ClientOrderId, Symbol, VenueId
from bot.exchange import preflight
from bot.exchange.account_history import History
from bot.exchange.account_view import Observer
from bot.exchange.ccxt_link import Link
from bot.exchange.dialect import Amends, Dialect, Instrument, Settings
from bot.exchange.errors import NotSent, Unbelievable
from bot.exchange.margin import Margin
from bot.exchange.order_outcome import not_sent
from bot.exchange.orders import FILTERS, Orders, instrument_of

_RELOAD: Final = timedelta(hours=6)
"""How often the markets' rules are read again."""
_RETRY: Final = timedelta(seconds=30)
"""How long a check that failed waits before it is made again, while the rules are known from an earlier one."""


@dataclass(slots=True)
class CcxtExchange:
    """One account on one real venue (the ``Exchange`` port).

    Nothing but reads leaves before an order is placed or margin is asked for.
    """

    link: Link
    dialect: Dialect
    observer: Observer
    orders: Orders
    history: History
    margin: Margin
    session: aiohttp.ClientSession
    instruments: Mapping[Symbol, Instrument] = field(default_factory=dict)
    settings: dict[Symbol, Settings] = field(default_factory=dict)
    stale: bool = False
    loaded_at: datetime | None = None
    failed_at: datetime | None = None
    unread: tuple[Unread, ...] = ()
    setting_up: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def venue(self) -> VenueId:
        """The venue's name in the configuration."""
        return self.link.config.venue

    @property
    def silence(self) -> ResolutionRule:
        """How long a lost order must stay unseen before it is proven that it was never placed."""
        return ResolutionRule(recv_window=self.link.config.recv_window)

    @property
    def ids(self) -> OrderIds:
        """How the venue's client order ids are written."""
        return self.dialect.facts.ids

    async def check(self, symbols: Sequence[Symbol]) -> Mapping[Symbol, PerpMarket]:
        """Make the start-up checks; only reads leave.

        Raises:
            ConfigError: the user must change something: the key, the account, a symbol, the leverage.
            Retryable: the venue did not answer believably.
        """
        foreign = [symbol for symbol in symbols if symbol not in self.link.config.symbols]
        if foreign:
            raise ConfigError(f"{', '.join(foreign)} is not among the symbols of {self.venue}", key="symbol")
        self._take(await preflight.check(self.link, self.dialect, reload=False))
        return {symbol: self.instruments[symbol].market for symbol in symbols}

    def _take(self, read: preflight.Checked) -> None:
        self.instruments, self.settings, self.unread = read.instruments, dict(read.settings), read.unread
        self.stale, self.loaded_at = False, self.link.clock.now()
        self.failed_at = self.loaded_at if read.unread else None

    async def observe(self) -> VenueView:
        """Read the account and its markets, validated, side by side.

        Raises:
            Retryable: a read failed, contradicts another or is too old; or ``check`` was not passed yet.
        """
        await self._keep_up()
        view = await self.observer.view(self.instruments)
        return replace(view, unread=(*view.unread, *self.unread)) if self.unread else view

    async def _keep_up(self) -> None:
        """Measure the clock and read the rules again, where that is due.

        What is known of the markets holds until it can be read again: nothing is added meanwhile, and no reduction
        waits for it.
        """
        await self.link.sync_clock()
        if not self._is_check_due():
            return
        try:
            self._take(await preflight.check(self.link, self.dialect, reload=True, known=self.instruments))
        except (ConfigError, Retryable) as error:
            # at start-up a ConfigError ends the program; later it is a state of the venue, which may pass
            if not self.instruments:
                raise Unbelievable(f"{self.venue} no longer passes the start-up checks: {error}") from error
            self.failed_at = self.link.clock.now()
            self.unread = (Unread(None, f"what {self.venue} was checked for at the start", str(error)),)

    def _is_check_due(self) -> bool:
        now = self.link.clock.now()
        if not self.instruments or self.loaded_at is None:
            return True
        if self.failed_at is not None:
            return now - self.failed_at >= _RETRY
        return self.stale or now - self.loaded_at >= _RELOAD

    async def place(self, intent: Intent) -> Outcome:
        """Send an order once. Never raises for anything that the venue or the network does."""
        try:
            one = instrument_of(self.instruments, intent.request.symbol)
            if not intent.request.reduce_only:
                await self._set_up(_open(one))
        except NotSent as reason:
            return not_sent(intent.client_id, str(reason))
        outcome = await self.orders.place(intent, self.instruments[one.market.symbol])
        if isinstance(outcome, Rejected) and outcome.reason in FILTERS and not one.shut:
            self.stale = True
        return outcome

    async def _set_up(self, one: Instrument) -> None:
        """Set a symbol's configured margin mode and leverage, before the first order that adds risk.

        Raises:
            NotSent: they could not be set; the order must not be sent.
        """
        async with self.setting_up:
            symbol = one.market.symbol
            now = await self.margin.set_up(one, self.settings[symbol])
            self.settings[symbol] = now
            known = replace(self.instruments[symbol], leverage=now.leverage, margin_mode=now.margin_mode)
            self.instruments = {**self.instruments, symbol: known}

    async def cancel(self, client_id: ClientOrderId, symbol: Symbol) -> Outcome:
        """Cancel a working order once, in whichever book it is."""
        try:
            one = instrument_of(self.instruments, symbol)
        except NotSent as reason:
            return not_sent(client_id, str(reason))
        return await self.orders.cancel(client_id, one)

    @property
    def amends(self) -> bool:
        """Whether the venue changes orders in place."""
        return isinstance(self.dialect, Amends)

    async def amend(self, client_id: ClientOrderId, request: OrderRequest) -> Outcome:
        """Move a resting order to another price, once; a rejection leaves it as it was."""
        try:
            one = instrument_of(self.instruments, request.symbol)
            return await self.orders.amend(client_id, request, one if request.reduce_only else _open(one))
        except NotSent as reason:
            return not_sent(client_id, str(reason))

    async def lookup(self, client_id: ClientOrderId, symbol: Symbol) -> OrderReport | NotFound:
        """Look for an order by its client id, everywhere that the venue may keep it.

        A not-found is what the venue says now; ``bot.core.reconciliation.lost_orders`` says when that proves something.

        Raises:
            Retryable: an answer is missing or can't be believed.
        """
        return await self.orders.lookup(client_id, await self._known(symbol))

    async def _known(self, symbol: Symbol) -> Instrument:
        if symbol not in self.instruments:
            await self._keep_up()
        if symbol not in self.instruments:
            raise ConfigError(f"{symbol} is not among the symbols of {self.venue}", key="symbol")
        return self.instruments[symbol]

    async def fills(self, since: datetime) -> tuple[Fill, ...]:
        """Return our trades from ``since`` on, or as far back as the venue keeps them, oldest first.

        Raises:
            Retryable: a read failed.
        """
        if not self.instruments:
            await self._keep_up()
        return await self.history.fills(since, self.instruments)

    async def ledger(self, since: datetime) -> Statement:
        """Return the cash movements from ``since`` on, oldest first.

        Raises:
            Retryable: a read failed.
        """
        return await self.history.ledger(since)

    async def add_margin(self, symbol: Symbol, amount: Decimal) -> Rejected | Unknown | None:
        """Move ``amount`` USD of collateral to an isolated position, once; None where the venue did it.

        Never raises for anything that the venue or the network does.
        """
        try:
            return await self.margin.add(instrument_of(self.instruments, symbol), amount)
        except NotSent as reason:
            return not_sent(ClientOrderId(""), str(reason))

    async def transfer(self, amount: Decimal) -> Rejected:
        """Refuse: transfers from other wallets are not configured for real venues."""
        return not_sent(ClientOrderId(""), f"{amount:f} USD not moved: no other wallet is configured")

    async def close(self) -> None:
        """Release connections."""
        await self.link.api.close()
        await self.session.close()


def _open(one: Instrument) -> Instrument:
    """Return a market that may be sold on.

    Raises:
        NotSent: nothing may be opened there.
    """
    if one.shut:
        raise NotSent(f"{one.market.symbol} {one.shut}; nothing was sent")
    return one
