"""The calls that read pools and their gauges, made once per pool, gauge and account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bot.chain import json_rpc
from bot.chain.abi import selector
from bot.chain.batched_reads import Reads
from bot.chain.multicall import Call, Failed
from bot.chain.tokens import balance_of
from bot.core.types import Address
from bot.protocols.solidly.curve import StablePosition, VolatilePosition, accrued
from bot.protocols.voters import VOTER, is_killed, life_call, named

METADATA: Final = selector("metadata()")
TOTAL_SUPPLY: Final = selector("totalSupply()")
INDEX0: Final = selector("index0()")
INDEX1: Final = selector("index1()")
FACTORY: Final = selector("factory()")
GAUGES: Final = selector("gauges(address)")
EARNED: Final = selector("earned(address)")
REWARD_TOKEN: Final = selector("rewardToken()")
_OF_ACCOUNT: Final = [
    selector(f"{name}(address)") for name in ("supplyIndex0", "supplyIndex1", "claimable0", "claimable1")
]
_EARNED_GAS: Final = 100_000


@dataclass(frozen=True, slots=True)
class Metadata:
    """What ``metadata()`` answers: raw units of whole tokens, the reserves, which curve, the tokens."""

    scale0: int
    scale1: int
    reserve0: int
    reserve1: int
    is_stable: bool
    token0: Address
    token1: Address

    @classmethod
    def of(cls, answer: bytes) -> Metadata:
        """Read an answer of seven words."""
        scale0, scale1, reserve0, reserve1, is_stable = (json_rpc.uint(answer, word) for word in range(5))
        token0, token1 = json_rpc.address(answer, 5), json_rpc.address(answer, 6)
        return cls(scale0, scale1, reserve0, reserve1, bool(is_stable), token0, token1)

    def curve(
        self, liquidity: int, supply: int, balances: tuple[int, int], fees: tuple[int, int]
    ) -> StablePosition | VolatilePosition:
        """Return a position in the pool."""
        fields = (liquidity, supply, *balances, self.reserve0, self.reserve1, *fees)
        return StablePosition(*fields, self.scale0, self.scale1) if self.is_stable else VolatilePosition(*fields)


def metadata_call(pool: Address, *, words: int = 7) -> Call:
    """Make the call ``metadata()``."""
    return Call(pool, METADATA, words=words)


class _AccountCalls:
    """What an account has in a pool."""

    def __init__(self, pool: Address, account: Address) -> None:
        word = json_rpc.encode_address(account)
        self.balance = balance_of(pool, account)
        self._fees = [Call(pool, data + word) for data in _OF_ACCOUNT]

    def all(self) -> Sequence[Call]:
        return (self.balance, *self._fees)

    def read(self, reads: Reads, index: tuple[int, int]) -> tuple[int, int, int]:
        """Return LP tokens and the fees of both tokens."""
        held = json_rpc.uint(reads.take(self.balance))
        since0, since1, claimable0, claimable1 = (json_rpc.uint(reads.take(call)) for call in self._fees)
        return held, accrued(held, index[0], since0, claimable0), accrued(held, index[1], since1, claimable1)


class GaugeCalls:
    """What accounts have staked in a gauge."""

    def __init__(self, gauge: Address, voter: Address, accounts: Sequence[Address]) -> None:
        self.address = gauge
        self._life = life_call(voter, gauge)
        self._balances = [balance_of(gauge, account) for account in accounts]
        self._earned = [Call(gauge, EARNED + json_rpc.encode_address(account), gas=_EARNED_GAS) for account in accounts]
        self._token = Call(gauge, REWARD_TOKEN)

    def staked(self, reads: Reads) -> int:
        """Return the LP tokens that are staked."""
        reads.want((*self._balances, *self._earned, self._life))
        return sum(json_rpc.uint(reads.take(call)) for call in self._balances)

    def earned(self, reads: Reads) -> tuple[Address, int] | None:
        """Return the token of the rewards and how much nobody claimed; None where this gauge tells it otherwise."""
        reads.want((*self._earned, self._token))
        answers = [reads.outcome(call) for call in self._earned]
        if any(isinstance(answer, Failed) for answer in answers):
            return None
        raw = sum(json_rpc.uint(answer) for answer in answers if isinstance(answer, bytes))
        return json_rpc.address(reads.fact(self._token)), raw

    def is_shut(self, reads: Reads) -> bool:
        """Return whether the voter has killed it."""
        return is_killed(reads.outcome(self._life))


class PoolCalls:
    """One pool, and what accounts have in it."""

    def __init__(self, pool: Address, accounts: Sequence[Address], voter: Address | None) -> None:
        self.address = pool
        self._accounts = accounts
        self.metadata = metadata_call(pool)
        self._supply = Call(pool, TOTAL_SUPPLY)
        self._index = Call(pool, INDEX0), Call(pool, INDEX1)
        self._of = [_AccountCalls(pool, account) for account in accounts]
        self._factory = Call(pool, FACTORY, words=0)
        self._voter = voter
        self._balances: tuple[Call, Call] | None = None
        self._voters: dict[Address, Call] = {}
        self._gauges: dict[Address, Call] = {}
        self.gauges: dict[Address, GaugeCalls] = {}
        """Every gauge that the pool has had."""

    def balances(self, tokens: tuple[Address, Address]) -> tuple[Call, Call]:
        """Make the calls for what the pool holds of its tokens."""
        if self._balances is None:
            self._balances = balance_of(tokens[0], self.address), balance_of(tokens[1], self.address)
        return self._balances

    def state(self) -> Sequence[Call]:
        """Return the calls that need nothing but addresses."""
        return (self.metadata, self._supply, *self._index, *(call for one in self._of for call in one.all()))

    def supply(self, reads: Reads) -> int:
        """Return all LP tokens."""
        return json_rpc.uint(reads.take(self._supply))

    def held(self, reads: Reads) -> tuple[int, int, int]:
        """Return the accounts' LP tokens, staked ones apart, and their fees of both tokens."""
        index = json_rpc.uint(reads.take(self._index[0])), json_rpc.uint(reads.take(self._index[1]))
        each = [one.read(reads, index) for one in self._of]
        return sum(one[0] for one in each), sum(one[1] for one in each), sum(one[2] for one in each)

    def gauge(self, reads: Reads) -> GaugeCalls | None:
        """Return the pool's gauge; None where it has none, or nobody names it.

        Raises:
            Missing: it is not there yet.
            ContractError: what is configured as the voter is none.
        """
        voter = self._voter or self._named(reads)
        if voter is None:
            return None
        call = self._gauges.get(voter)
        if call is None:
            data = GAUGES + json_rpc.encode_address(self.address)
            call = self._gauges[voter] = Call(voter, data, words=0 if self._voter is None else 1)
        gauge = named(reads.outcome(call) if self._voter is None else reads.take(call))
        if gauge is None:
            return None
        if gauge not in self.gauges:
            self.gauges[gauge] = GaugeCalls(gauge, voter, self._accounts)
        return self.gauges[gauge]

    def _named(self, reads: Reads) -> Address | None:
        """Return the voter that the pool's factory names."""
        factory = named(reads.outcome(self._factory))
        if factory is None:
            return None
        call = self._voters.get(factory)
        if call is None:
            call = self._voters[factory] = Call(factory, VOTER, words=0)
        return named(reads.outcome(call))
