"""The owner of an order, read from its client id; each venue decides how an id is written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol

from bot.core.types import ClientOrderId

NOISE: Final = 1024
"""How many epochs may begin in one millisecond."""
_START: Final = datetime(2020, 1, 1, tzinfo=UTC)


def new_epoch(at: datetime, noise: int, after: int) -> int:
    """Return an epoch that is larger than ``after``, and that no other journal of the bot has begun or will begin.

    It is made of the time, so that a journal that was deleted or restored does not repeat it, and of ``noise``, a
    random number below ``NOISE``, for clocks that stand still or start anew; 51 bits until the year 2089.
    """
    milliseconds = max(0, (at - _START) // timedelta(milliseconds=1))
    return max(after + 1, milliseconds * NOISE + noise)


class Forced(StrEnum):
    """Why a venue itself trades on an account."""

    DELEVERAGING = "auto-deleveraging"
    LIQUIDATION = "liquidation"
    SETTLEMENT = "the contract's settlement"


@dataclass(frozen=True, slots=True)
class OrderKey:
    """What a client id of this bot says: the epoch of the process that made it, and its intent's number."""

    epoch: int
    number: int


class OrderIds(Protocol):
    """How a venue's client order ids are written and read."""

    def encode(self, bot: str, key: OrderKey) -> str:
        """Write an id that the venue takes.

        Raises:
            ValueError: it does not fit into what the venue takes.
        """

    def decode(self, bot: str, client_id: str) -> OrderKey | None:
        """Read an id of this bot's, of any version; None for anybody else's."""

    def takes(self, client_id: str) -> bool:
        """Return whether the venue takes such an id; an order with another one is not sent."""

    def forced(self, client_id: str) -> Forced | None:
        """Return why the venue made an order itself; None for one that a customer sent."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose orders are ours at a venue: the bot's id, and the epoch that began when its journal was opened.

    Epochs grow from one opening to the next, whatever becomes of the journal between them, and none comes twice.
    """

    bot: str
    epoch: int
    ids: OrderIds

    def encode(self, number: int) -> ClientOrderId:
        """Write the client id of an intent of this epoch.

        Raises:
            ValueError: it does not fit into what the venue takes.
        """
        return ClientOrderId(self.ids.encode(self.bot, OrderKey(self.epoch, number)))

    def decode(self, client_id: ClientOrderId | None) -> OrderKey | None:
        """Read a client id of this bot's; None for anybody else's."""
        return None if client_id is None else self.ids.decode(self.bot, client_id)

    def epoch_of(self, client_id: ClientOrderId | None) -> int | None:
        """Return the epoch of an order of this bot; None for anybody else's."""
        key = self.decode(client_id)
        return None if key is None else key.epoch

    def forced(self, client_id: ClientOrderId | None) -> Forced | None:
        """Return why the venue made an order itself; None for one that a customer sent."""
        return None if client_id is None else self.ids.forced(client_id)
