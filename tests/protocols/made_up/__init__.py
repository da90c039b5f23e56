"""A protocol that nobody has, as a folder of ``bot/protocols`` holds one; see docs/add-a-protocol.md."""

from __future__ import annotations

from typing import Final

from bot.chain.protocol import Amm
from tests.protocols.made_up.curve import Shares
from tests.protocols.made_up.history import find
from tests.protocols.made_up.reader import MadeUpReader
from tests.protocols.made_up.settings import NAME, MadeUpSettings

MADE_UP: Final = Amm(
    name=NAME,
    description="Made-up deployments",
    settings=MadeUpSettings,
    curves={"made_up": Shares},
    reader=MadeUpReader,
    history=find,
)
