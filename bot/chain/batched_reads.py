"""Reads by demand: code requests the answers it needs; those missing are fetched, and the code runs again.

The first snapshot takes a few rounds (an owner's balance, then the ids, then the positions, then their pools). What
one snapshot used is fetched ahead for the next one, so that a steady state takes one round; all rounds of a snapshot
are pinned to the same block.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.chain import json_rpc
from bot.chain.multicall import Call, Failed, Result, Unread
from bot.core.errors import Retryable
from bot.core.snapshot import BlockStamp


class Missing(Exception):  # noqa: N818 - no error: the word for "not fetched yet"
    """An answer was asked for that is not there yet; it is on the list for the next round."""


class ContractError(Retryable):
    """A contract did not answer as its kind must; ``target`` is its address."""

    def __init__(self, call: Call, what: str) -> None:
        super().__init__(f"{call}: {what}")
        self.target = call.target


class Facts:
    """Answers that can't change (a token's decimals, a pair's tokens), kept over snapshots.

    ``doubted`` are those that no second endpoint has confirmed yet, whether or not the read that took them came to an
    end.
    """

    def __init__(self) -> None:
        self.known: dict[Call, bytes] = {}
        self.doubted: dict[Call, Result] = {}


class Reads:
    """The answers of one block, which is ``block``, and the list of those that are wanted next."""

    def __init__(self, facts: Facts, block: BlockStamp) -> None:
        self._facts = facts
        self.block = block
        self.answers: dict[Call, Result] = {}
        self.used: dict[Call, None] = {}
        self.wanted: dict[Call, None] = {}

    def add(self, calls: Sequence[Call], results: Sequence[Result]) -> None:
        """Take the results of a round."""
        self.answers.update(zip(calls, results, strict=True))

    def constants(self) -> dict[Call, Result]:
        """Return the answers that don't change with blocks and that something rests on.

        What a stranger's contract says of itself is not among them: it may tell each endpoint another thing.
        """
        known, doubted = self._facts.known, self._facts.doubted
        return {call: answer for call, answer in self.answers.items() if call in known or call in doubted}

    def restart(self) -> None:
        """Begin another pass over the same block."""
        self.used.clear()
        self.wanted.clear()

    def want(self, calls: Iterable[Call]) -> None:
        """Ask for answers that a later step of the same pass takes, so that they come in one round."""
        results, facts = self.answers, self._facts.known
        self.wanted.update((call, None) for call in calls if call not in results and call not in facts)

    def pass_on(self, calls: Iterable[Call]) -> None:
        """Have these not fetched ahead for the next block, though this one used them."""
        for call in calls:
            self.used.pop(call, None)

    def answer(self, call: Call) -> Result:
        """Return an answer, the proof that the contract refused to give one, or that no node could ask it.

        Raises:
            Missing: it is not there yet.
            ContractError: what came is too short to be an answer of such a contract.
        """
        result = self.answers.get(call)
        if result is None:
            self.wanted[call] = None
            raise Missing
        self.used[call] = None
        if isinstance(result, bytes) and len(result) < call.words * json_rpc.WORD:
            raise ContractError(call, f"{len(result)} bytes are no answer (is it the contract that it should be?)")
        return result

    def outcome(self, call: Call) -> bytes | Failed:
        """Return an answer, or the proof that the contract refused to give one.

        Raises:
            Missing: it is not there yet.
            ContractError: what came is too short to be an answer of such a contract.
            Retryable: no node could make the call.
        """
        result = self.answer(call)
        if isinstance(result, Unread):
            raise Retryable(f"{call}: {result.reason}")
        return result

    def take(self, call: Call) -> bytes:
        """Return an answer that there must be.

        Raises:
            Missing: it is not there yet.
            ContractError: the call failed.
            Retryable: no node could make the call.
        """
        result = self.outcome(call)
        if isinstance(result, Failed):
            raise ContractError(call, f"failed ({result.reason or 'without a reason'})")
        return result

    def rest_on(self, calls: Iterable[Call]) -> None:
        """Note that these answers, which are there, are kept elsewhere and not read again."""
        self._facts.doubted.update((call, self.answers[call]) for call in calls)

    def fact(self, call: Call) -> bytes:
        """Return an answer that can't change; once known it is not read again.

        Raises:
            Missing: it is not there yet.
            ContractError: the call failed.
        """
        known = self._facts.known.get(call)
        if known is None:
            known = self._facts.known[call] = self._facts.doubted[call] = self.take(call)
            self.used.pop(call, None)
        return known
