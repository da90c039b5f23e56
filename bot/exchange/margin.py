"""Leverage, margin mode and margin of a symbol: written once, judged by their HTTP exchange, verified by reading."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from typing import Final

from bot.core.errors import Retryable
from bot.core.orders import Rejected, Unknown
from bot.core.types import ClientOrderId
from bot.exchange.ccxt_link import Link
from bot.exchange.dialect import Dialect, Instrument, Settings, WriteCall
from bot.exchange.errors import NotSent
from bot.exchange.order_outcome import judge, not_sent
from bot.exchange.precision import plain

_CENT: Final = Decimal("0.01")
_NO_ORDER: Final = ClientOrderId("")


@dataclass(frozen=True, slots=True)
class Margin:
    """Margin of one account."""

    link: Link
    dialect: Dialect

    async def set_up(self, one: Instrument, now: Settings) -> Settings:
        """Bring a symbol to the configured margin mode and leverage, and read back what it is then.

        Raises:
            NotSent: it could not be set, and an order that relies on it must not leave.
        """
        config, symbol = self.link.config, one.market.symbol
        wanted = Settings(config.leverage, config.margin_mode)
        if now == wanted:
            return now
        # an earlier change may have worked though its answer was lost; asked for again, a venue refuses it
        now = await self._read(one)
        said = ""
        for call in self.dialect.setting_up(now, wanted, one):
            said = said or await self._change(call)
        read = await self._read(one)
        if read != wanted:
            raise NotSent(
                f"{symbol} is set to {read.margin_mode} {read.leverage}x instead of {wanted.margin_mode} "
                f"{wanted.leverage}x; set it by hand. {said}".rstrip()
            )
        return read

    async def _read(self, one: Instrument) -> Settings:
        symbol = one.market.symbol
        try:
            return await self.dialect.settings(self.link, symbol, one.venue_symbol)
        except Retryable as error:
            raise NotSent(f"the settings of {symbol} could not be read: {error}") from error

    async def _change(self, call: WriteCall) -> str:
        """Change a setting; return what went wrong, or nothing."""
        verdict = judge(await self.link.write(call.name, *call.args, urgent=False), _NO_ORDER, self.dialect.facts)
        return "" if verdict is None else verdict.message

    async def add(self, one: Instrument, amount: Decimal) -> Rejected | Unknown | None:
        """Move ``amount`` USD, cut to cents, to an isolated position; None where the venue did it."""
        if self.link.config.margin_mode != "isolated":
            return not_sent(
                _NO_ORDER, "margin is added to isolated positions; a cross account shares all of its collateral"
            )
        cut = amount.quantize(_CENT, ROUND_DOWN)
        if cut <= 0:
            return not_sent(_NO_ORDER, f"{amount} USD is less than a cent")
        call = self.dialect.adding_margin(one, plain(cut))
        written = await self.link.write(call.name, *call.args, urgent=True)
        return judge(written, _NO_ORDER, self.dialect.facts)
