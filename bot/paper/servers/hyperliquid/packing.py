"""MessagePack of what JSON holds, as far as actions need it: the bytes that a client must have signed."""

from __future__ import annotations

import struct

_FIX = 16
_SHORT = 32
_BYTE, _TWO, _FOUR = 1 << 8, 1 << 16, 1 << 32
_SMALL = 128


def packed(value: object) -> bytes:
    """Return a value in MessagePack, the keys of objects in their order, every part in its shortest form.

    Raises:
        ValueError: it is of a type that no action has.
    """
    match value:
        case None:
            return b"\xc0"
        case bool():
            return b"\xc3" if value else b"\xc2"
        case int():
            return _integer(value)
        case str():
            return _text(value.encode())
        case list():
            return _head(len(value), 0x90, 0xDC) + b"".join(map(packed, value))
        case dict():
            return _head(len(value), 0x80, 0xDE) + b"".join(packed(key) + packed(item) for key, item in value.items())
        case _:
            raise ValueError(f"an action holds no {type(value).__name__}")


def _head(length: int, fix: int, long: int) -> bytes:
    if length < _FIX:
        return bytes([fix | length])
    return struct.pack(">BH", long, length) if length < _TWO else struct.pack(">BI", long + 1, length)


def _text(raw: bytes) -> bytes:
    length = len(raw)
    if length < _SHORT:
        return bytes([0xA0 | length]) + raw
    if length < _BYTE:
        return struct.pack(">BB", 0xD9, length) + raw
    return (struct.pack(">BH", 0xDA, length) if length < _TWO else struct.pack(">BI", 0xDB, length)) + raw


def _integer(value: int) -> bytes:
    if value < 0:
        if value >= -_SHORT:
            return struct.pack(">b", value)
        for code, form, most in ((0xD0, "b", 1 << 7), (0xD1, "h", 1 << 15), (0xD2, "i", 1 << 31), (0xD3, "q", 1 << 63)):
            if value >= -most:
                return struct.pack(f">B{form}", code, value)
    elif value < _SMALL:
        return bytes([value])
    for code, form, most in ((0xCC, "B", _BYTE), (0xCD, "H", _TWO), (0xCE, "I", _FOUR), (0xCF, "Q", 1 << 64)):
        if 0 <= value < most:
            return struct.pack(f">B{form}", code, value)
    raise ValueError(f"an action holds no number as large as {value}")
