"""The seam that a protocol (an AMM) implements: all that the rest of dnbot asks of it.

A protocol is a folder of ``bot/protocols`` that makes one ``Amm``, and a line of the registry that names it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Generic, Protocol, TypeVar

from bot.chain.batched_reads import Reads
from bot.chain.config import ChainConfig, DeploymentSettings
from bot.chain.logs import Logs
from bot.chain.multicall import Call
from bot.chain.pool_past import FindPool
from bot.chain.tokens import TokenBook, UnknownToken
from bot.core.amm.curve import Curve
from bot.core.market import DollarPrice
from bot.core.snapshot import Entry, LeftOut, LpPosition, MovedPosition, PoolPrice
from bot.core.types import Address, PoolId, PositionId
from bot.ports import Notes

S = TypeVar("S", bound=DeploymentSettings)


class Search(Protocol):
    """Something that is missing and that only the chain's logs can tell, such as the ids that an owner holds."""

    @property
    def is_over(self) -> bool:
        """Whether all logs were looked through."""

    async def look(self, logs: Logs, block: int, notes: Notes) -> bool:
        """Search back from a block as far as needed; return whether something was found. May be cancelled.

        Raises:
            Retryable: no endpoint answered; how far it got stays known.
        """


@dataclass(slots=True)
class Found:
    """What a pass over the readers found; prices are kept once per pool.

    ``followed`` are the positions that counted so far: one that its owner's list does not name any more is asked for.
    ``searches`` are for what is missing; what they find is there at the next pass.
    """

    followed: Collection[PositionId] = ()
    positions: list[LpPosition] = field(default_factory=list)
    prices: dict[PoolId, PoolPrice] = field(default_factory=dict)
    left_out: list[LeftOut] = field(default_factory=list)
    moved: list[MovedPosition] = field(default_factory=list)
    searches: list[Search] = field(default_factory=list)
    dollars: dict[str, DollarPrice] = field(default_factory=dict)

    def price(self, price: PoolPrice | None) -> None:
        """Take a pool's price, where it has one."""
        if price is not None:
            self.prices[price.pool] = price

    def of(self, counts: Callable[[PositionId], bool]) -> Found:
        """Return it without the positions that don't count."""
        return replace(
            self,
            positions=[item for item in self.positions if counts(item.id)],
            left_out=[item for item in self.left_out if counts(item.position)],
            moved=[item for item in self.moved if counts(item.position.id)],
        )

    def leave_out(self, position: str, token: UnknownToken, *, is_discovered: bool) -> None:
        """Note a position that holds an unknown token, unless the user ignores it."""
        if token.reason is not None:
            self.left_out.append(LeftOut(PositionId(position), token.reason, is_discovered))


class Source(Protocol):
    """Contracts that something is read from."""

    def contracts(self) -> Sequence[tuple[str, Address]]:
        """Return every configured contract address with its dotted key."""

    def read(self, reads: Reads, found: Found) -> None:
        """Add the positions and pool prices of the reads' block; what is missing goes on the reads' list.

        Raises:
            Retryable: a contract did not answer as one of this protocol does.
            SkipCycle: what it answered contradicts itself.
        """


class ProtocolReader(Source, Protocol):
    """The positions and pools of one deployment of a protocol."""

    @property
    def name(self) -> str:
        """The deployment's name in the configuration."""

    async def entry(self, logs: Logs, position: LpPosition, block: int) -> Entry | None:
        """Compute the entry amounts of a position from its events up to a block; None where they don't add up.

        Raises:
            Retryable: the node did not answer.
        """


class ReferencePool(Protocol):
    """A pool that is read for its price only, at an address that may also be another protocol's, or no pool at all."""

    @property
    def probe(self) -> Call:
        """The call that tells whether it is one; it has no minimum length, since any contract may answer."""

    def recognises(self, answer: bytes) -> bool:
        """Return, by the probe's answer, whether it is one of this protocol's pools."""

    def price(self, reads: Reads, tokens: TokenBook) -> PoolPrice | None:
        """Return the price; None where there is none yet, or a token is unknown.

        Raises:
            Missing: an answer is not there yet.
            Retryable: the contract did not answer as such a pool does.
        """


@dataclass(frozen=True, slots=True)
class Trail:
    """The contents of an owner's Transfer events.

    Attributes:
        owners: whose they are.
        tokens: contracts whose tokens, of any kind, the owners got or gave.
        ids: those of them that are numbered, by contract.
        farms: for each contract, whom the owners sent its tokens to.
        is_full: there may be more contracts than are remembered, such as strangers' rubbish.
    """

    owners: Sequence[Address]
    tokens: Collection[Address]
    ids: Mapping[Address, Collection[int]]
    farms: Mapping[Address, Collection[Address]]
    is_full: bool = False


Trace = Callable[[Reads, Trail, Mapping[str, object]], Mapping[str, object] | None]
"""Adds to a deployment's values what a trail leads to: pools, pairs, ids. Without a deployment the values are empty,
and None says that there is none. Raises Missing while answers are not there yet."""


@dataclass(frozen=True, slots=True)
class Amm(Generic[S]):
    """A protocol.

    Attributes:
        name: its key in the configuration (``[[chains.NAME.<name>]]``) and in the registry.
        description: of its list of deployments, in the configuration's reference.
        settings: the table of one deployment. ``name`` needs a default: the protocol's.
        curves: what its positions lie on, by the name that each curve has in journals. That name stays for ever.
        reader: makes the reader of a deployment from the chain, the deployment's dotted key and settings, and tokens.
        reference: makes a reference pool of an address; None where its pools can't be identified by an address.
        history: recognises one of its pools and reads its past; None where that can't be replayed.
        example: values of a deployment for the commented example of a configuration.
        at: makes the values of a deployment of one contract (a pool, a manager); None where that takes more.
        presets: values of the deployments that its documentation names, by EIP-155 chain id.
        trace: follows an owner's trail to what no contract lists; None where the contracts list all.
    """

    name: str
    description: str
    settings: type[S]
    curves: Mapping[str, type[Curve]]
    reader: Callable[[ChainConfig, str, S, TokenBook], ProtocolReader]
    reference: Callable[[Address], ReferencePool] | None = None
    history: FindPool | None = None
    example: Mapping[str, object] = field(default_factory=dict)
    at: Callable[[Address], Mapping[str, object]] | None = None
    presets: Mapping[int, Sequence[Mapping[str, object]]] = field(default_factory=dict)
    trace: Trace | None = None


@dataclass(frozen=True, slots=True)
class Sources:
    """All that is read on one chain: the deployments with positions, and the pools that only price things.

    ``at`` makes, by protocol, what would read a contract that is none of the protocol under which it is configured.
    """

    readers: Sequence[ProtocolReader]
    references: Sequence[Source] = ()
    at: Callable[[Address], Mapping[str, ProtocolReader]] = lambda _contract: {}


MakeSources = Callable[[ChainConfig, TokenBook], Sources]
"""Builds a chain's sources; the wiring hands in the protocols' registry."""
