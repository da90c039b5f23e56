"""Alerts to people through Apprise, and the dead man's pulse; beside the loop, which only ever hands over records."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import aiohttp
import structlog

from bot.core.alerts import AlertPolicy, Notice, Stage, ToldAlarms, advance
from bot.core.decision import Alarm, Severity
from bot.core.record import CycleRecord
from bot.core.run_state import RunState
from bot.core.telemetry_event import CycleRecorded, TelemetryEvent
from bot.ports import Clock

log = structlog.get_logger(__name__)

TICK: Final = 5.0
"""Seconds between two looks at the clock: silence and reminders come with no record."""
ATTEMPTS: Final = 3
RETRY: Final = 30.0
DEADLINE: Final = 30.0
"""Seconds for one message, and for one pulse."""

_STATES: Final = {
    RunState.PAUSED: Severity.WARNING,
    RunState.FROZEN: Severity.CRITICAL,
    RunState.FLATTENING: Severity.CRITICAL,
    RunState.HALTED: Severity.CRITICAL,
}
_WORDS: Final = {Stage.RAISED: "", Stage.WORSE: "worse: ", Stage.STILL: "still: ", Stage.RESOLVED: "resolved: "}


@dataclass(frozen=True, slots=True)
class Text:
    """What a person reads."""

    severity: Severity
    title: str
    body: str


class Notifier(Protocol):
    """What carries a text to people."""

    async def say(self, text: Text) -> bool:
        """Send a text; whether everybody got it. Never raises for what a service or the network does."""


class Apprise:
    """Apprise with its URLs; imported at the first word, since it costs memory and half a second.

    ``urls`` hear everything, ``critical_urls`` only what is critical.
    """

    def __init__(self, urls: Sequence[str], critical_urls: Sequence[str]) -> None:
        self._urls, self._critical = tuple(urls), tuple(critical_urls)

    async def say(self, text: Text) -> bool:
        """Send a text, in a thread of its own."""
        urls = self._urls + (self._critical if text.severity is Severity.CRITICAL else ())
        return not urls or await asyncio.to_thread(self._say, urls, text)

    def _say(self, urls: tuple[str, ...], text: Text) -> bool:
        import apprise  # noqa: PLC0415 - see the class

        logging.getLogger("apprise").setLevel(logging.CRITICAL)  # its lines hold URLs
        kind = {
            Severity.INFO: apprise.NotifyType.INFO,
            Severity.WARNING: apprise.NotifyType.WARNING,
            Severity.CRITICAL: apprise.NotifyType.FAILURE,
        }[text.severity]
        carrier = apprise.Apprise()
        known = [carrier.add(url) for url in urls]
        return bool(carrier.notify(title=text.title, body=text.body, notify_type=kind)) and all(known)


@dataclass(frozen=True, slots=True)
class AlertConfig:
    """Alerts of one bot.

    Attributes:
        silent_after: seconds without a finished cycle after which an alarm says so, and the pulse stops.
        queue: how many texts may wait; the oldest are dropped.
        pulse_url: asked every ``pulse_interval`` seconds while cycles are being finished; a secret.
    """

    bot_id: str
    policy: AlertPolicy
    silent_after: float
    queue: int = 200
    pulse_url: str | None = field(default=None, repr=False)
    pulse_interval: float = 300.0


Pulse = Callable[[str], Coroutine[Any, Any, bool]]


class Alerts:
    """A Subscriber and a Service: turns alarms into texts, and says them from a bounded queue of its own.

    Args:
        config: whom, when and how often.
        mouth: carries a text to people.
        clock: the system's, whatever the bot trades by.
        pulse: asks the dead man's switch; False where that failed.
    """

    name = "alerts"

    def __init__(self, config: AlertConfig, mouth: Notifier, clock: Clock, pulse: Pulse | None = None) -> None:
        self._config, self._mouth, self._clock = config, mouth, clock
        self._pulse = pulse or ask
        self._told: ToldAlarms = {}
        self._record: CycleRecord | None = None
        self._finished = clock.monotonic()
        self._texts: deque[Text] = deque(maxlen=config.queue)
        self._filled = asyncio.Event()

    def take(self, event: TelemetryEvent) -> None:
        """Take an event; a cycle brings the alarms that stand."""
        if isinstance(event, CycleRecorded):
            self._record, self._finished = event.record, self._clock.monotonic()
            self._advance()

    async def run(self) -> None:
        """Tell, remind and pulse until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._tell())
            group.create_task(self._remind())
            if self._config.pulse_url is not None:
                group.create_task(self._beat(self._config.pulse_url))

    @property
    def is_silent(self) -> bool:
        """Whether no cycle was finished for too long."""
        return self._clock.monotonic() - self._finished > self._config.silent_after

    def _advance(self) -> None:
        self._told, notices = advance(self._told, self._alarms(), self._clock.now(), self._config.policy)
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
        if notice.stage is Stage.RAISED:
            return Text(severity, title, f"{alarm.message} [{alarm.key}]")
        return Text(severity, title, f"{alarm.message} [{alarm.key}, since {notice.since:%Y-%m-%d %H:%M} UTC]")

    async def _tell(self) -> None:
        while True:
            while not self._texts:
                self._filled.clear()
                await self._filled.wait()
            await self._say(self._texts.popleft())

    async def _say(self, text: Text) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            if attempt > 1:
                await self._clock.sleep(RETRY)
            try:
                async with asyncio.timeout(DEADLINE):
                    if await self._mouth.say(text):
                        return
            except TimeoutError:
                pass
            log.warning("alert not delivered to everybody", title=text.title, body=text.body, attempt=attempt)

    async def _remind(self) -> None:
        while True:
            await self._clock.sleep(TICK)
            self._advance()

    async def _beat(self, url: str) -> None:
        """Ask the switch as long as cycles are being finished; where they are not, its owner hears of the silence."""
        while True:
            await self._clock.sleep(self._config.pulse_interval if self._record else TICK)
            if self._record is not None and not self.is_silent and not await self._pulse(url):
                log.warning("the dead man's switch did not answer")


async def ask(url: str) -> bool:
    """Ask an URL by GET; whether it answered well."""
    timeout = aiohttp.ClientTimeout(total=DEADLINE)
    try:
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(url) as answer:
            return answer.ok
    except (aiohttp.ClientError, OSError, TimeoutError):
        return False
