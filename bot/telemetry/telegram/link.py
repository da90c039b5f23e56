"""The link to Telegram: keeps itself up beside the loop, which only ever hands it cycles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import structlog
from telegram.constants import MessageLimit

from bot.concurrency import Start, backoff, beside
from bot.core.command import LONGEST_REASON, Command, Verb
from bot.core.printable import printable
from bot.core.types import Mode
from bot.core.view.cycle import CycleView
from bot.core.view.glance import glance
from bot.ports import Clock, Operator
from bot.telemetry.publisher import Shown
from bot.telemetry.telegram.api import BotApi, BotApiError, connected
from bot.telemetry.telegram.gate import HELP, Asked, Fault, Gate, verb_of

log = structlog.get_logger(__name__)

FIRST_BACKOFF: Final = 1.0
LAST_BACKOFF: Final = 60.0


@dataclass(frozen=True, slots=True)
class TelegramConfig:
    """Where the Bot API is, and who is answered."""

    api: str
    token: str = field(repr=False)
    chats: Sequence[int]
    mode: Mode


class TelegramLink:
    """A Subscriber and a Service: answers the listed chats, and hands their commands to the loop."""

    name = "telegram"

    def __init__(self, config: TelegramConfig, operator: Operator, clock: Clock) -> None:
        self._config, self._operator, self._clock = config, operator, clock
        self.gate = Gate(frozenset(config.chats), clock)
        self._view: CycleView | None = None
        self._offset: int | None = None

    def take(self, shown: Shown) -> None:
        """Keep the newest cycle."""
        if isinstance(shown, CycleView):
            self._view = shown

    async def run(self) -> None:
        """Ask for messages until cancelled; what fails is asked again, ever more seldom."""
        failures = 0
        async with connected(self._config.api, self._config.token) as api, beside() as start:
            while True:
                try:
                    await self._round(api, start)
                    failures = 0
                except BotApiError as error:
                    pause = min(max(backoff(failures, FIRST_BACKOFF, LAST_BACKOFF), error.retry_after), LAST_BACKOFF)
                    failures += 1
                    if failures == 1:
                        log.warning("telegram lost", reason=printable(str(error)), retry_in=pause)
                    await self._clock.sleep(pause)

    async def _round(self, api: BotApi, start: Start) -> None:
        for update in await api.updates(self._offset):
            self._offset = update.update_id + 1
            found = self.gate.judge(update)
            if isinstance(found, Asked):
                start(self._answer(api, found), f"telegram {found.what[:16]}")
            else:
                self._count(found)

    def _count(self, fault: Fault) -> None:
        count = self.gate.refused[fault]
        if count & (count - 1) == 0:  # the 1st, 2nd, 4th, 8th, …: a flood must not fill the log
            log.warning("telegram message refused", fault=fault.value, times=count)

    async def _answer(self, api: BotApi, asked: Asked) -> None:
        text = await self._words(asked)
        try:
            await api.say(asked.chat, text[: MessageLimit.MAX_TEXT_LENGTH])
        except BotApiError as error:
            log.warning("telegram answer not sent", reason=printable(str(error)))

    async def _words(self, asked: Asked) -> str:
        verb = verb_of(asked.what)
        if verb is Verb.FLATTEN and not self.gate.is_confirmed(asked.chat, asked.rest):
            code = self.gate.code(asked.chat)
            return f"this closes every short, and the liquidity is unhedged from then on; to do it: /flatten {code}"
        if verb is not None:
            return await self._obeyed(verb, "" if verb is Verb.FLATTEN else asked.rest)
        if self._view is None and asked.what in {"status", "plan"}:
            return "no cycle was finished yet"
        if self._view is not None and asked.what == "status":
            return f"{glance(self._view, self._config.mode).text}\n{self._view.record.at:%Y-%m-%d %H:%M:%S} UTC"
        if self._view is not None and asked.what == "plan":
            lines = [f"{item.hedge.underlying}: {item.words.note}" for item in self._view.hedges]
            return "\n".join(lines) or "nothing to hedge"
        return HELP

    async def _obeyed(self, verb: Verb, reason: str) -> str:
        words = "".join(one for one in reason if one.isprintable())[:LONGEST_REASON]
        result = await self._operator.submit(Command(verb, "telegram", words))
        return f"{'' if result.accepted else 'refused: '}{result.message} ({result.bot.state.value})"
