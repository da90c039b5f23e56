"""An operator's commands in the daemon: taken from anywhere, applied between cycles, answered and remembered."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Final

import structlog

from bot.core.command import Command, CommandResult, Verb
from bot.core.errors import Retryable
from bot.core.record import Event
from bot.core.run_state import BotState, Trigger, moved
from bot.core.state import State
from bot.ports import Clock, Journal

log = structlog.get_logger(__name__)

MOST_WAITING: Final = 100
"""How many commands may wait; more of them between two cycles come from no operator."""


@dataclass(slots=True)
class Commands:
    """The queue between operators and the loop.

    ``submit`` may be called from any task of the daemon's event loop; the loop waits for ``arrived`` and calls
    ``apply`` between cycles, and once more inside a cycle after the world was read and before anything is decided.
    """

    journal: Journal
    clock: Clock
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    _waiting: deque[tuple[Command, asyncio.Future[CommandResult]]] = field(default_factory=deque)
    _known: BotState | None = None
    _closed: bool = False

    async def submit(self, command: Command) -> CommandResult:
        """Submit a command to the loop and wait for its answer; ``status`` is answered at once from what is known.

        An answer with ``accepted`` False changed nothing. The caller may stop waiting; the command is applied anyway.
        """
        if command.verb is Verb.STATUS and self._known is not None:
            return CommandResult(True, self._known, _standing(self._known))
        if self._closed or len(self._waiting) >= MOST_WAITING:
            return self._refused("the daemon is stopping" if self._closed else "too many commands are waiting")
        answer: asyncio.Future[CommandResult] = asyncio.get_running_loop().create_future()
        self._waiting.append((command, answer))
        self.arrived.set()
        return await asyncio.shield(answer)

    def apply(self, state: State) -> State:
        """Apply every waiting command, oldest first; return the state after them. Called by the loop only."""
        self.arrived.clear()
        while self._waiting:
            command, answer = self._waiting.popleft()
            bot, result = self._apply(command, state)
            state = state.with_bot(bot)
            if not answer.done():
                answer.set_result(result)
        self._known = state.bot
        return state

    def close(self) -> None:
        """Refuse waiting and future commands."""
        self._closed = True
        while self._waiting:
            _, answer = self._waiting.popleft()
            if not answer.done():
                answer.set_result(self._refused("the daemon is stopping"))

    def _apply(self, command: Command, state: State) -> tuple[BotState, CommandResult]:
        bot = state.bot
        if command.verb is Verb.STATUS:
            return bot, CommandResult(True, bot, _standing(bot))
        after = moved(bot, Trigger(command.verb.value), command.words, self.clock.now())
        if after is None or after is bot:
            message = f"{command.verb.value} changes nothing: {_standing(bot)}"
            self._note(command, message)
            return bot, CommandResult(after is bot, bot, message)
        return self._change(command, state, after)

    def _change(self, command: Command, state: State, after: BotState) -> tuple[BotState, CommandResult]:
        """Apply the change once it is durable; one that takes risk away counts even where the disk fails."""
        message = f"{state.bot.state.value} -> {_standing(after)}"
        try:
            self.journal.save_state(state.with_bot(after))
        except Retryable as error:
            if command.verb is Verb.RESUME:
                return state.bot, CommandResult(False, state.bot, f"not resumed, the journal can't be written: {error}")
            message = f"{message}; not on disk yet, a restart would forget it: {error}"
        self._note(command, message)
        return after, CommandResult(True, after, message)

    def _note(self, command: Command, message: str) -> None:
        log.warning("command", verb=command.verb.value, source=command.source, result=message)
        data = {"verb": command.verb.value, "source": command.source, "reason": command.reason}
        try:
            self.journal.add_event(Event(self.clock.now(), "command", message, data))
        except Retryable as error:
            log.warning("event not journaled", kind="command", reason=str(error))

    def _refused(self, message: str) -> CommandResult:
        bot = self._known or State.fresh(self.clock.now()).bot
        return CommandResult(False, bot, message)


def _standing(bot: BotState) -> str:
    return f"{bot.state.value} since {bot.since:%Y-%m-%d %H:%M:%S} UTC ({bot.reason})"
