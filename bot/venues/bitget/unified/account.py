"""A unified account's set-up, positions and balance, row by row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from bot.core.errors import ConfigError
from bot.core.snapshot import Balance, PerpPosition, Unread
from bot.core.types import ZERO, Symbol
from bot.exchange.dialect import Instrument, Settings
from bot.exchange.errors import Unbelievable
from bot.exchange.fields import Row, number, positive, row_of, rows_of, text
from bot.venues.bitget.account import PositionFields, position, position_of
from bot.venues.bitget.unified import facts
from bot.venues.bitget.unified.rows import CATEGORY

ASSET: Final = facts.FACTS.settle
MODES: Final[Mapping[str, str]] = {"crossed": "cross", "isolated": "isolated"}
UNLISTED: Final = "its default"
"""The margin mode of a symbol that the account's settings do not list: nobody says what it is set to."""
_NEEDED: Final[Mapping[str, str]] = {"uta_trade": "trade", "uta_mgt": "management"}
_READS: Final = frozenset({"read_only", "read-only", "readonly"})
_LEVELS: Final = frozenset({"basic", "advanced", "isolated"})
_FIELDS: Final = PositionFields("posSide", "avgPrice", "unrealisedPnl", "positionBalance")


def check_key(row: Row) -> None:
    """Check what the key may do: trade and set leverage, and never withdraw.

    Raises:
        ConfigError: it may do too much, or too little.
    """
    allowed = row.get("permissions")
    if not isinstance(allowed, list) or not allowed:
        raise Unbelievable("key permissions: no 'permissions'")
    if "withdraw" in allowed:
        raise ConfigError("the Bitget key may withdraw; make one without that permission")
    missing = [words for name, words in _NEEDED.items() if name not in allowed]
    if missing or text(row, "permType", "key permissions").lower() in _READS:
        wanted = " and ".join(_NEEDED.values())
        raise ConfigError(f"the Bitget key may not trade; give it unified account {wanted}, read and write")


def check_settings(row: Row, margin_mode: str) -> None:
    """Check that the account is a unified one, in one-way mode, at a level that dnbot knows.

    Raises:
        ConfigError: it is something else.
    """
    what = "account settings"
    mode, held, level = (text(row, key, what) for key in ("accountMode", "holdMode", "accountLevel"))
    if mode != "unified":
        raise ConfigError(
            f"the Bitget account is {mode}, not unified; wait until it is switched, or finish that by hand"
        )
    if held != "one_way_mode":
        raise ConfigError(f"the Bitget account is in {held}; switch it to one-way mode (it must be without positions)")
    if level not in _LEVELS:
        raise ConfigError(f"the Bitget account is in {level} mode; switch it to basic or advanced mode")
    if level == "isolated" and margin_mode != "isolated":
        raise ConfigError(
            'the Bitget account has isolated margin only; set margin_mode = "isolated", or switch the account\'s mode'
        )


def check_money(row: Row) -> None:
    """Check that there is USDT to trade with, and that none of it is borrowed.

    What is owed in other coins is taken off the account's effective equity, above which nothing counts as free.

    Raises:
        ConfigError: there is no money, or it is in other coins, or borrowed.
    """
    coins = coins_of(row)
    owed = _owed(coins)
    if owed > 0:
        raise ConfigError(f"the Bitget account has borrowed {owed:f} {ASSET}; repay it, and switch borrowing off")
    others = others_of(row)
    if _equity(coins) <= 0 and others:
        raise ConfigError(f"the Bitget account holds {', '.join(others)} but no {ASSET}; convert it to {ASSET}")
    if _equity(coins) <= 0:
        raise ConfigError(
            f"the Bitget account holds no {ASSET}; transfer some to it (a sub-account's money is its own, and what is "
            "in the funding account does not count)"
        )


def others_of(row: Row) -> list[str]:
    """Name the coins that are there and do not count: what backs USDT futures for certain is USDT."""
    return [name for name, one in coins_of(row).items() if name != ASSET and str(one.get("equity")) != "0"]


def coins_of(row: Row) -> Mapping[str, Row]:
    """Return the account's coins by name; one without a balance is left out by the venue.

    Raises:
        Unbelievable: a coin has no name, or stands there twice.
    """
    listed = rows_of(row.get("assets"), "coins")
    found = {text(one, "coin", "coin").upper(): one for one in listed}
    if len(found) != len(listed):
        raise Unbelievable("coins: one of them stands there twice")
    return found


def _owed(coins: Mapping[str, Row]) -> Decimal:
    return number(coins[ASSET], "debt", f"coin {ASSET}") if ASSET in coins else ZERO


def _equity(coins: Mapping[str, Row]) -> Decimal:
    return number(coins[ASSET], "equity", f"coin {ASSET}") if ASSET in coins else ZERO


def settings_of(row: Row, symbol: Symbol, venue_symbol: str, leverage: Decimal) -> Settings:
    """Return what a symbol is set to; one that is not listed was never set, and that says nothing about its value."""
    what = f"settings of {symbol}"
    mine = [
        one
        for one in rows_of(row["symbolConfigList"], what)
        if one.get("category") == CATEGORY and one.get("symbol") == venue_symbol
    ]
    if not mine:
        return Settings(leverage, UNLISTED)
    mode = MODES.get(text(mine[0], "marginMode", what))
    if len(mine) > 1 or mode is None:
        raise Unbelievable(f"{what}: {len(mine)} rows, margin mode {mine[0]['marginMode']!r}")
    return Settings(positive(mine[0], "leverage", what), mode)


@dataclass(frozen=True, slots=True)
class Held:
    """What the list of positions says.

    Attributes:
        positions: those of the instruments that it names.
        missing: the instruments that it leaves out.
        bound: the initial margin of every row, strangers' ones too, USDT.
        kept: their maintenance margin.
        unread: the rows that can't be read.
    """

    positions: Mapping[Symbol, PerpPosition]
    missing: tuple[Instrument, ...]
    bound: Decimal
    kept: Decimal
    unread: tuple[Unread, ...]


def held(items: Iterable[object], instruments: Sequence[Instrument]) -> Held:
    """Validate the list of positions row by row. One that can't be read weighs on the margin of the whole account."""
    wanted = {one.venue_symbol: one for one in instruments}
    named: dict[Symbol, PerpPosition] = {}
    unread: list[Unread] = []
    margins: list[tuple[Decimal, Decimal]] = []
    seen: set[str] = set()
    for item in items:
        name = str(item.get("symbol") or "").upper() if isinstance(item, Mapping) else ""
        one = wanted.get(name)
        try:
            row = row_of(item, "position")
            _must_be_single(row, name, is_second=name in seen)
            margins.append(_margin(row, name))
            if one is not None:
                named[one.market.symbol] = position(row, one, _FIELDS)
        except Unbelievable as error:
            what = position_of(one.market.symbol if one is not None else name or "a symbol without a name")
            unread.append(Unread(None, what, str(error)))
            if one is not None:
                named.pop(one.market.symbol, None)
        seen.add(name)
    missing = tuple(one for one in instruments if one.venue_symbol not in seen)
    bound, kept = (sum((pair[index] for pair in margins), ZERO) for index in (0, 1))
    return Held(named, missing, bound, kept, tuple(unread))


def _must_be_single(row: Row, name: str, *, is_second: bool) -> None:
    if is_second or text(row, "holdMode", f"position {name}") != "one_way_mode":
        raise Unbelievable(f"position {name}: the account is in hedge mode; dnbot needs one-way mode")


def _margin(row: Row, name: str) -> tuple[Decimal, Decimal]:
    what = f"position {name}"
    size = number(row, "total", what)
    if size == 0:
        return ZERO, ZERO
    kept = size * positive(row, "markPrice", what) * positive(row, "mmr", what)
    return number(row, "positionBalance", what), kept


def balance(row: Row, positions: Held) -> Balance:
    """Build the balance of what backs USDT futures for certain: the USDT.

    What other coins back, after their haircut, is the venue's to change; it is not counted, and where the account's
    effective equity is smaller than the USDT, only that much is free. The account's own margin figures cover all of
    its products, so that the larger of them and of the positions' sum counts.
    """
    what = f"coin {ASSET}"
    coins = coins_of(row)
    bound = number(row, "imr", "account")
    used, kept = max(bound, positions.bound), max(number(row, "mmr", "account"), positions.kept)
    if ASSET not in coins:
        return Balance(ZERO, ZERO, ZERO, used, kept)
    mine = coins[ASSET]
    free = min(number(mine, "available", what), number(row, "effEquity", "account") - bound)
    return Balance(
        wallet=number(mine, "balance", what) - _owed(coins),
        equity=number(mine, "equity", what),
        available=max(ZERO, free),
        initial_margin=used,
        maintenance_margin=kept,
    )


def borrowed(row: Row) -> tuple[Unread, ...]:
    """Name the money that was borrowed since the start: it costs interest, and nobody decided on it."""
    owed = _owed(coins_of(row))
    return (Unread(None, f"the debt in {ASSET}", f"the account has borrowed {owed:f} {ASSET}; repay it"),) * (owed > 0)


def margin_mode(mode: str) -> Literal["crossed", "isolated"] | None:
    """Return the venue's word for a margin mode; None where it is not known which one is set."""
    match mode:
        case "cross":
            return "crossed"
        case "isolated":
            return "isolated"
        case _:
            return None
