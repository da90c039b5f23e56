"""Turn the alarms of each cycle into notifications, and send the pulse while cycles go on."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, Final

import structlog

from bot.concurrency import gather
from bot.core.alerts import Notice, NotifiedAlarms, Stage, advance
from bot.core.decision import Alarm, Severity
from bot.core.printable import printable
from bot.core.record import CycleRecord
from bot.core.run_state import RunState
from bot.core.view.cycle import CycleView
from bot.ports import Clock
from bot.telemetry.notifications.carriers import DEADLINE, Notifier, Text, ask
from bot.telemetry.notifications.config import AlertConfig
from bot.telemetry.publisher import Shown

log = structlog.get_logger(__name__)

_TICK: Final = 5.0
"""Seconds between two checks of the clock: silence and reminders come with no record."""
_ATTEMPTS: Final = 3
RETRY: Final = 30.0

_STATES: Final = {
    RunState.PAUSED: Severity.WARNING,
    RunState.FROZEN: Severity.CRITICAL,
    RunState.FLATTENING: Severity.CRITICAL,
    RunState.HALTED: Severity.CRITICAL,
}
_WORDS: Final = {Stage.RAISED: "", Stage.WORSE: "worse: ", Stage.STILL: "still: ", Stage.RESOLVED: "resolved: "}


Pulse = Callable[[str], Coroutine[Any, Any, bool]]


class Alerts:
    """A Subscriber and a Service: turns alarms into texts, and sends them from a bounded queue of its own.

    Args:
        config: whom, when and how often.
        notifier: sends a text to people.
        clock: the system's, whatever the bot trades by.
        pulse: asks the dead man's switch; False where that failed.
    """

    name = "alerts"

    def __init__(self, config: AlertConfig, notifier: Notifier, clock: Clock, pulse: Pulse | None = None) -> None:
        self._config, self._notifier, self._clock = config, notifier, clock
        self._pulse = pulse or ask
        self._notified: NotifiedAlarms = {}
        self._record: CycleRecord | None = None
        self._finished = clock.monotonic()
        self._texts: deque[Text] = deque(maxlen=config.queue)
        self._filled = asyncio.Event()

    def take(self, shown: Shown) -> None:
        """Handle an event; a cycle brings the alarms that stand."""
        if isinstance(shown, CycleView):
            self._record, self._finished = shown.record, self._clock.monotonic()
            self._advance()

    async def run(self) -> None:
        """Notify, remind and pulse until cancelled."""
        url = self._config.pulse_url
        await gather([self._tell(), self._remind(), *([] if url is None else [self._beat(url)])])

    @property
    def is_silent(self) -> bool:
        """Whether no cycle was finished for too long."""
        return self._clock.monotonic() - self._finished > self._config.silent_after

    def _advance(self) -> None:
        self._notified, notices = advance(self._notified, self._alarms(), self._clock.now(), self._config.policy)
        for notice in notices:
            if len(self._texts) == self._texts.maxlen:
                log.warning("alert dropped, the queue is full", title=self._texts[0].title)
            self._texts.append(self._text(notice))
            self._filled.set()

    def _alarms(self) -> Iterator[Alarm]:
        """Return the decision's alarms, and those of the bot's own state."""
        if self.is_silent:
            quiet = f"no cycle was finished for more than {self._config.silent_after:g} s: nothing is being hedged"
            yield Alarm("silent", Severity.CRITICAL, quiet)
        if self._record is None:
            return
        yield from self._record.decision.alarms
        bot = self._record.decision.state.bot
        if bot.state in _STATES:
            yield Alarm(f"state:{bot.state.value}", _STATES[bot.state], f"the bot is {bot.state.value}: {bot.reason}")

    def _text(self, notice: Notice) -> Text:
        alarm, severity = notice.alarm, notice.alarm.severity
        title = f"dnbot {self._config.bot_id}: {_WORDS[notice.stage]}{severity.value}"
        since = "" if notice.stage is Stage.RAISED else f", since {notice.since:%Y-%m-%d %H:%M} UTC"
        return Text(severity, title, printable(f"{alarm.message} [{alarm.key}{since}]"))

    async def _tell(self) -> None:
        while True:
            while not self._texts:
                self._filled.clear()
                await self._filled.wait()
            await self._say(self._texts.popleft())

    async def _say(self, text: Text) -> None:
        for attempt in range(1, _ATTEMPTS + 1):
            if attempt > 1:
                await self._clock.sleep(RETRY)
            try:
                async with asyncio.timeout(DEADLINE):
                    if await self._notifier.say(text):
                        return
            except TimeoutError:
                pass
            log.warning("alert not delivered to everybody", title=text.title, body=text.body, attempt=attempt)

    async def _remind(self) -> None:
        while True:
            await self._clock.sleep(_TICK)
            self._advance()

    async def _beat(self, url: str) -> None:
        """Ask the switch as long as cycles are being finished; where they are not, the switch alerts its owner."""
        while True:
            await self._clock.sleep(self._config.pulse_interval if self._record else _TICK)
            if self._record is not None and not self.is_silent and not await self._pulse(url):
                log.warning("the dead man's switch did not answer")
