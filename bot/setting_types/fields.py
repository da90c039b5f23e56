"""The field types of the settings: how a duration, a fraction, an address or an endpoint is written and checked.

Every parser raises ValueError with a sentence that says what would be right; the loader adds file and key.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Annotated, Final, TypeVar
from urllib.parse import urlsplit

from eth_utils.address import is_hex_address, to_checksum_address
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, WithJsonSchema

from bot.core.types import Address, ChainName, PoolId, Symbol, Underlying, VenueId

T = TypeVar("T")

_SECONDS: Final = {"ms": Decimal("0.001"), "s": Decimal(1), "m": Decimal(60), "h": Decimal(3600), "d": Decimal(86400)}
_PART: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)", re.ASCII)
_LONGEST: Final = Decimal(366 * 86400)
_DURATION_HINT: Final = 'write "30s", "5m", "1h30m", or seconds as a number'
_SMALLEST, _LARGEST = -40, 80  # powers of ten; room for a uint256, none for a number that takes minutes to print
_MICROSECONDS: Final = 1_000_000


def parse_number(value: object) -> Decimal:
    """Read a finite number exactly; ``1_000``, ``"0.1"`` and ``"1e3"`` are numbers, true and nan are not."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise ValueError("must be a number")  # noqa: TRY004 - pydantic turns only ValueError into a message
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        raise ValueError("must be a number") from None
    if not number.is_finite():
        raise ValueError("must be a finite number")
    if number and not _SMALLEST <= number.adjusted() <= _LARGEST:
        raise ValueError("must be a number of ordinary size")
    return number


def parse_integer(value: object) -> int:
    """Read a whole number."""
    number = parse_number(value)
    if number != number.to_integral_value():
        raise ValueError("must be a whole number")
    return int(number)


def parse_fraction(value: object) -> Decimal:
    """Read a fraction: 0.005 and ``"0.5%"`` are the same."""
    if isinstance(value, str) and value.strip().endswith("%"):
        return parse_number(value.strip()[:-1]).scaleb(-2)
    try:
        return parse_number(value)
    except ValueError as error:
        raise ValueError(f'{error}, such as 0.005, or a percentage, such as "0.5%"') from None


def parse_duration(value: object) -> timedelta:
    """Read a duration above 0 and up to 366 days: ``"30s"``, ``"1h30m"``, ``"250ms"``, or seconds; in microseconds."""
    if isinstance(value, timedelta):
        return value
    text = str(value).strip()
    parts = _PART.findall(text)
    if parts and "".join(number + unit for number, unit in parts) == text:
        seconds = sum((Decimal(number) * _SECONDS[unit] for number, unit in parts), Decimal(0))
    else:
        try:
            seconds = parse_number(value)
        except ValueError:
            raise ValueError(f"is no duration; {_DURATION_HINT}") from None
    if not 0 < seconds <= _LONGEST:
        raise ValueError(f"must be longer than 0 and at most 366 days; {_DURATION_HINT}")
    span = timedelta(microseconds=int(seconds * _MICROSECONDS))
    if not span:
        raise ValueError("must be at least a microsecond")
    return span


def format_duration(span: timedelta) -> str:
    """Write a duration in its largest whole unit, such that parse_duration gives it back."""
    micros = span // timedelta(microseconds=1)
    for unit in ("d", "h", "m", "s", "ms"):
        size = int(_SECONDS[unit] * _MICROSECONDS)
        if micros % size == 0:
            return f"{micros // size}{unit}"
    return f"{Decimal(micros).scaleb(-3).normalize():f}ms"


def parse_address(value: object) -> Address:
    """Read an address and verify its EIP-55 checksum."""
    if not isinstance(value, str) or not is_hex_address(value) or not value.startswith("0x"):
        raise ValueError("is no address; write 0x and 40 hexadecimal digits")
    right = to_checksum_address(value)
    if value == right:
        return Address(value)
    digits = value[2:]
    fault = "has no EIP-55 checksum" if digits in (digits.lower(), digits.upper()) else "has a wrong EIP-55 checksum"
    raise ValueError(f"{value} {fault}; if every digit is right, write {right}")


def parse_pool(value: object) -> PoolId:
    """Read what a pool is known by: an address, or 32 bytes."""
    if isinstance(value, str) and re.fullmatch(r"0x[0-9a-fA-F]{64}", value, re.ASCII):
        return PoolId(value.lower())
    try:
        return PoolId(parse_address(value))
    except ValueError as error:
        raise ValueError(f"{error}; or 0x and 64 hexadecimal digits, where pools have no address") from None


def _parse_multicall(value: object) -> str:
    """Read an address, or the word ``none``."""
    if value == "none":
        return "none"
    try:
        return parse_address(value)
    except ValueError as error:
        raise ValueError(f'{error}, or "none" where the chain has no Multicall3') from None


def _check_url(schemes: tuple[str, ...]) -> Callable[[SecretStr], SecretStr]:
    example = " or ".join(f"{scheme}://host" for scheme in schemes)

    def check(value: SecretStr) -> SecretStr:
        try:
            parts = urlsplit(value.get_secret_value())
            usable = parts.scheme in schemes and parts.hostname and (parts.port is None or parts.port > 0)
        except ValueError:
            usable = False
        if not usable:
            raise ValueError(f"is no endpoint; write {example}")
        return value

    return check


def _check_name(value: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_-]{0,31}", value, re.ASCII) or "__" in value:
        raise ValueError("a name is 1 to 32 of a-z, 0-9, - and single _, and starts with a letter")
    return value


def _check_id(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9]{1,12}", value, re.ASCII):
        raise ValueError("a bot's id is 1 to 12 of a-z and 0-9")
    return value


def _check_underlying(value: str) -> str:
    if not re.fullmatch(r"[A-Z0-9]{1,16}", value, re.ASCII):
        raise ValueError("an underlying is 1 to 16 of A-Z and 0-9, such as ETH")
    return value


def _check_symbol(value: str) -> str:
    match = re.fullmatch(r"[A-Z0-9]+(?:-[A-Z0-9]+)?/([A-Z0-9]+):([A-Z0-9]+)", value, re.ASCII)
    if match is None or match[1] != match[2]:
        raise ValueError("is no linear perpetual; write base/quote:settlement with quote = settlement: ETH/USDT:USDT")
    return value


def _check_position(value: str) -> str:
    deployment, _, number = value.partition(":")
    if not deployment or (not (number.isdecimal() and number.isascii()) and not is_hex_address(number)):
        raise ValueError("names no position; write the deployment's name and the token id or pair: name:12345")
    return f"{deployment}:{_env_address(number)}"


@dataclass(frozen=True, slots=True)
class EnvKey:
    """How the upper-case key of a table in a variable's name becomes the key in the settings."""

    convert: Callable[[str], str]


def _env_address(key: str) -> str:
    return to_checksum_address(key) if is_hex_address(key) else key


def _check_distinct(values: tuple[T, ...]) -> tuple[T, ...]:
    twice = [value for place, value in enumerate(values) if value in values[:place]]
    if twice:
        raise ValueError(f"{twice[0]} is listed twice and would count twice")
    return values


Number = Annotated[Decimal, BeforeValidator(parse_number)]
Positive = Annotated[Number, Field(gt=0)]
NotNegative = Annotated[Number, Field(ge=0)]
Integer = Annotated[int, BeforeValidator(parse_integer)]
Fraction = Annotated[
    Decimal,
    BeforeValidator(parse_fraction),
    WithJsonSchema({"type": ["number", "string"], "examples": ["0.5%", 0.005]}),
]
Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    WithJsonSchema({"type": ["string", "number"], "examples": ["30s", "5m", "1h30m", 30]}),
]
Checksummed = Annotated[Address, BeforeValidator(parse_address)]
Addresses = Annotated[tuple[Checksummed, ...], AfterValidator(_check_distinct)]
TokenIds = Annotated[tuple[Annotated[Integer, Field(ge=0)], ...], AfterValidator(_check_distinct)]
Multicall = Annotated[str, BeforeValidator(_parse_multicall)]
HttpEndpoint = Annotated[SecretStr, AfterValidator(_check_url(("http", "https")))]
WsEndpoint = Annotated[SecretStr, AfterValidator(_check_url(("ws", "wss")))]
BotId = Annotated[str, AfterValidator(_check_id)]
PositionName = Annotated[str, AfterValidator(_check_position)]
ProtocolName = Annotated[str, AfterValidator(_check_name)]
PerpSymbol = Annotated[Symbol, AfterValidator(_check_symbol)]
ChainKey = Annotated[ChainName, AfterValidator(_check_name), EnvKey(str.lower)]
VenueKey = Annotated[VenueId, AfterValidator(_check_name), EnvKey(str.lower)]
UnderlyingKey = Annotated[Underlying, AfterValidator(_check_underlying), EnvKey(str.upper)]
CurrencyKey = Annotated[str, AfterValidator(_check_underlying), EnvKey(str.upper)]
AddressKey = Annotated[Address, BeforeValidator(parse_address), EnvKey(_env_address)]
