"""Finds the pairs whose LP tokens an owner holds by the tokens that came to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bot.chain import json_rpc
from bot.chain.abi import selector
from bot.chain.batched_reads import Reads
from bot.chain.protocol import Trail
from bot.chain.tokens import TOKEN0, TOKEN1
from bot.protocols.tracing import ask, held, joined
from bot.protocols.uniswap_v2.reader import FACTORY, GET_RESERVES, K_LAST

GET_PAIR: Final = selector("getPair(address,address)")


def trace(reads: Reads, trail: Trail, values: Mapping[str, object]) -> Mapping[str, object] | None:
    """Add the pairs that an owner holds LP tokens of, each known to the factory that it names."""
    mine = held(reads, [token for token in trail.tokens if token not in trail.ids], trail.owners)
    likely = ask(reads, K_LAST, ask(reads, GET_RESERVES, mine))
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
    return joined(values, "pairs", pairs)
