"""Finds the pairs whose LP tokens an owner holds, or has in a farm, by the tokens that came to them and went on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bot.chain import json_rpc
from bot.chain.abi import selector
from bot.chain.batched_reads import Reads
from bot.chain.protocol import Trail
from bot.chain.tokens import BALANCE_OF, TOKEN0, TOKEN1
from bot.core.types import Address
from bot.protocols.lp_farms import LP_TOKEN, POOL_LENGTH, STAKING_TOKEN, USER_INFO
from bot.protocols.tracing import answers, ask, held, joined
from bot.protocols.uniswap_v2.reader import FACTORY, GET_RESERVES, K_LAST

GET_PAIR: Final = selector("getPair(address,address)")
POOL_INFO: Final = selector("poolInfo(uint256)")
LP_TOKEN_OF: Final = selector("lpToken(uint256)")
_SELECTOR: Final = 4
_MOST_POOLS: Final = 1_000
"""Of one farm; what stands behind them in its list is not found."""


def trace(reads: Reads, trail: Trail, values: Mapping[str, object]) -> Mapping[str, object] | None:
    """Add the pairs that an owner has LP tokens of, each known to the factory that it names, and the farms."""
    likely = ask(reads, K_LAST, ask(reads, GET_RESERVES, [one for one in trail.tokens if one not in trail.ids]))
    factories = {pair: json_rpc.address(answer) for pair, answer in ask(reads, FACTORY, likely).items()}
    tokens = [ask(reads, data, factories) for data in (TOKEN0, TOKEN1)]
    pairs = []
    for pair, factory in factories.items():
        if not all(pair in each for each in tokens):
            continue
        key = b"".join(each[pair][: json_rpc.WORD] for each in tokens)
        known = ask(reads, GET_PAIR + key, [factory]).get(factory)
        if known is not None and json_rpc.address(known) == pair:
            pairs.append(pair)
    farms = [farm for pair in pairs for farm in _farms(reads, trail, pair)]
    mine = {*held(reads, pairs, trail.owners), *(farm["pair"] for farm in farms)}
    found = joined(values, "pairs", [pair for pair in pairs if pair in mine])
    return joined(found or {}, "farms", farms)


def _farms(reads: Reads, trail: Trail, pair: Address) -> list[dict[str, object]]:
    """Return where an owner has LP tokens of a pair, of those contracts that call themselves farms of it."""
    contracts = [one for one in trail.farms.get(pair, ()) if one != pair]
    words = [(one, data) for one in contracts for data in (STAKING_TOKEN, LP_TOKEN)]
    for contract, length in ask(reads, POOL_LENGTH, contracts).items():
        numbers = range(min(json_rpc.uint(length), _MOST_POOLS))
        words += [(contract, data + json_rpc.encode_uint(one)) for one in numbers for data in (POOL_INFO, LP_TOKEN_OF)]
    said = answers(reads, words).items()
    places = dict.fromkeys((one, data[_SELECTOR:]) for (one, data), named in said if json_rpc.address(named) == pair)
    asked = {
        (contract, (USER_INFO + number if number else BALANCE_OF) + json_rpc.encode_address(owner)): (contract, number)
        for contract, number in places
        for owner in trail.owners
    }
    amounts = answers(reads, asked).items()
    staked = dict.fromkeys(asked[one] for one, amount in amounts if any(amount[: json_rpc.WORD]))
    return [
        {"contract": contract, "pair": pair, **({"pool": json_rpc.uint(number)} if number else {})}
        for contract, number in staked
    ]
