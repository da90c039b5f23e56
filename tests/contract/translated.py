"""An exchange that is spoken to in the scene's names: its symbols and client order ids stand for the venue's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from bot.core.orders import Intent
from bot.core.types import ClientOrderId, Symbol, VenueId
from bot.exchange.config import CcxtConfig
from bot.exchange.order_ids import TextIds
from bot.ports import Exchange
from bot.venues.registry import KINDS
from tests.paper.servers.flavours import own_symbol

Rename = Callable[[str], str]


def own_id(flavour: str, name: str) -> ClientOrderId:
    """Return an id that the venue takes in place of a short name."""
    if isinstance(KINDS[flavour].dialect(CcxtConfig(VenueId(flavour), flavour, ())).facts.ids, TextIds):
        return ClientOrderId(name)
    return ClientOrderId(f"0x{name.encode().hex():0<32}")


@dataclass
class Translated:
    """The port with names put in the place of others, both ways."""

    real: Exchange
    flavour: str

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the exchange has
        found = getattr(self.real, name)
        if not callable(found):
            return found

        async def call(*given: object) -> object:
            return _renamed(await found(*(_renamed(self._own(one), self._there) for one in given)), self._back)

        return call

    def _own(self, value: object) -> object:
        """Put the venue's own id into an intent, or in place of one that is asked for."""
        if isinstance(value, Intent):
            return replace(value, client_id=own_id(self.flavour, value.client_id))
        return own_id(self.flavour, value) if isinstance(value, str) and "/" not in value else value

    def _there(self, text: str) -> str:
        return own_symbol(self.flavour, Symbol(text)) if "/USDT:" in text else text

    def _back(self, text: str) -> str:
        if text.startswith("0x") and len(text) == 34:
            return bytes.fromhex(text[2:]).rstrip(b"\0").decode()
        return text.replace("/USDC:USDC", "/USDT:USDT")


def _renamed(value: Any, rename: Rename) -> Any:  # noqa: ANN401 - any part of the domain
    """Return a value with its texts renamed, through whatever holds them."""
    if type(value) is str:
        return rename(value)
    if isinstance(value, list | tuple):
        return type(value)(_renamed(item, rename) for item in value)
    if isinstance(value, Mapping):
        return {_renamed(key, rename): _renamed(item, rename) for key, item in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{one.name: _renamed(getattr(value, one.name), rename) for one in fields(value)})
    return value
