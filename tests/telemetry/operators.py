"""The loop as an operator sees it: takes every command, and remembers them."""

from __future__ import annotations

from bot.core.command import Command, CommandResult
from bot.core.run_state import BotState, RunState
from tests.core.scenes import NOW


class Loop:
    """Freezes at every command and says which it was."""

    def __init__(self) -> None:
        self.taken: list[Command] = []

    async def submit(self, command: Command) -> CommandResult:
        self.taken.append(command)
        return CommandResult(True, BotState(RunState.FROZEN, command.words, NOW), command.words)
