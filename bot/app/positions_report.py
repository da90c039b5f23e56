"""What addresses hold as JSON, and as the TOML that hedges it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Final

from bot.app.positions import Listing, Sight
from bot.app.settings.root import url_secrets
from bot.app.settings.show import literal
from bot.core.snapshot import LpPosition, Reward, Token
from bot.core.view.cycle import price_range

_DIGITS: Final = 12


def as_data(found: Listing) -> dict[str, object]:
    """Return a listing as plain values; amounts are whole tokens, as text."""
    return {
        "chain": found.chain.name,
        "chain_id": found.chain.chain_id,
        "owners": list(found.chain.owners),
        "positions": [_position(found, sight, position) for sight in found.sights for position in sight.positions],
        "left_out": [
            {"position": left.position, "reason": left.reason} for sight in found.sights for left in sight.left_out
        ],
        "not_read": [
            {"protocol": sight.place.protocol, "name": sight.place.preset, "reason": sight.fault}
            for sight in found.sights
            if sight.fault
        ],
        "toml": toml(found),
    }


def _position(found: Listing, sight: Sight, position: LpPosition) -> dict[str, object]:
    amounts, value, span = position.amounts, found.value(position), price_range(position)
    return {
        "id": position.id,
        "protocol": sight.place.protocol,
        "pool": position.pool,
        "tokens": [position.token0.symbol, position.token1.symbol],
        "amounts": [_whole(position.token0, amounts.principal0), _whole(position.token1, amounts.principal1)],
        "fees": [_whole(position.token0, amounts.fees0), _whole(position.token1, amounts.fees1)],
        "value_usd": None if value is None else _number(value),
        "in_range": position.curve.in_range,
        "range": None
        if span is None
        else {
            "low": _number(span.lower),
            "high": _number(span.upper),
            "price": _number(span.price),
            "base": span.base,
            "quote": span.quote,
        },
        "staked_in": position.staked_in,
        "farm_shut": position.farm_shut,
        "caveat": position.caveat,
        "rewards": [_reward(found, reward) for reward in position.rewards],
    }


def reward_value(found: Listing, reward: Reward) -> Decimal | None:
    """Return what a reward is worth, USD; None where nobody says what its token is, or nothing prices that."""
    price = None if reward.underlying is None else found.prices.get(reward.underlying)
    return None if price is None else reward.amount * reward.rate * price


def _reward(found: Listing, reward: Reward) -> dict[str, object]:
    value = reward_value(found, reward)
    return {
        "token": reward.token,
        "symbol": reward.symbol,
        "amount": f"{reward.amount:f}",
        "value_usd": None if value is None else _number(value),
    }


def _whole(token: Token, raw: int) -> str:
    return f"{Decimal(raw).scaleb(-token.decimals):f}"


def _number(value: Decimal) -> str:
    return f"{value:.{_DIGITS}g}" if value else "0"


def toml(found: Listing) -> str:
    """Return the chain's tables that hedge all that was found; an endpoint that holds a key is left out."""
    return "\n".join(_toml(found)) + "\n"


def _toml(found: Listing) -> Iterator[str]:
    chain, filled = found.chain, [sight for sight in found.sights if sight.positions]
    table = f"chains.{chain.name}"
    yield f"[{table}]"
    yield f"chain_id = {chain.chain_id}"
    yield f"rpc_urls = {literal([url for url in chain.rpc_urls if not url_secrets(url)] or ['https://…'])}"
    yield f"owners = {literal(list(chain.owners))}"
    if known := [sight.place.preset for sight in filled if sight.place.preset]:
        yield f"protocols = {literal(known)}"
    names = set[str]()
    for sight in filled:
        if sight.place.preset:
            continue
        values: Mapping[str, object] = sight.place.values
        protocol = sight.place.protocol
        if "name" not in values and protocol in names:
            values = {"name": f"{protocol}_{len(names) + 1}", **values}
        names.add(protocol)
        yield from ("", f"[[{table}.{protocol}]]")
        yield from (f"{key} = {literal(_plain(value))}" for key, value in values.items() if value not in (None, [], ()))


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value
