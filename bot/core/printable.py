"""Foreign text made safe to show: names of tokens, messages of venues and of nodes are written by strangers."""

from __future__ import annotations

import unicodedata
from typing import Final

_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories that steer a terminal, turn the direction of writing around, or show nothing."""


def printable(text: str) -> str:
    """Return a text on one line; what steers a terminal or hides becomes the replacement character."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(" " if char in "\t\n\r" else _shown(char) for char in text)


def _shown(char: str) -> str:
    return "\N{REPLACEMENT CHARACTER}" if unicodedata.category(char) in _UNSEEN else char
