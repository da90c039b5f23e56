"""The ChainReader: one chain, every read of a snapshot pinned to one block."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection
from typing import Final

import structlog
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from bot.chain import json_rpc
from bot.chain.batched_reads import ContractError, Reads
from bot.chain.client import RpcClient
from bot.chain.config import ChainConfig
from bot.chain.confirmation import Confirmation, ConstantsDifferError, Reading
from bot.chain.dollar_feeds import DollarFeeds
from bot.chain.endpoint import Endpoint
from bot.chain.head_tracker import HeadTrack, Reorg
from bot.chain.heads import Heads
from bot.chain.holders import Holders
from bot.chain.identity import SameChain
from bot.chain.logs import Logs
from bot.chain.look_alikes import look_alikes
from bot.chain.multicall import Multicall, Plan, Result
from bot.chain.newest_head import NewestHead
from bot.chain.preflight import blame, check_chain_id, check_code
from bot.chain.protocol import Found, MakeSources, Source
from bot.chain.rounds import Rounds
from bot.chain.searching import Searching
from bot.chain.tokens import TokenBook
from bot.chain.trail import MemoryNotes
from bot.core.errors import Retryable, SkipCycle
from bot.core.snapshot import BlockStamp, ChainView, Entry, LpPosition
from bot.core.telemetry_event import RpcFailed
from bot.core.types import Address, ChainName, PositionId
from bot.ports import Clock, NoTelemetry, Notes, Telemetry

log = structlog.get_logger(__name__)

ATTEMPTS = 4
_SEARCH_PART: Final = 0.4
"""Of the time that a read may take: how long it may search the logs for what is missing."""
_READS_AT_START: Final = 10
"""How often the start reads again while a search goes on; it goes on in the cycles after that."""


class EvmChainReader:
    """Implements the port ChainReader for any EVM chain.

    Args:
        config: the chain.
        make_sources: builds what is read there.
        clock: for the age of heads, backoff and health of endpoints.
        on_reorg: notified of every reorganisation that is seen.
        telemetry: takes every failure of an endpoint.
        notes: keeps how far the logs were searched.
    """

    def __init__(
        self,
        config: ChainConfig,
        make_sources: MakeSources,
        clock: Clock,
        on_reorg: Callable[[Reorg], None] | None = None,
        telemetry: Telemetry | None = None,
        notes: Notes | None = None,
    ) -> None:
        limits, said = config.limits, telemetry or NoTelemetry()
        self._config = config
        self._clock = clock
        self._client = RpcClient(
            config.rpc_urls,
            timeout=limits.request_timeout,
            clock=clock,
            requests_per_day=limits.requests_per_day,
            on_failure=lambda: said.emit(RpcFailed(config.name)),
        )
        self._track = HeadTrack(config.name, clock, limits.max_head_age.total_seconds(), on_reorg)
        asked = config.chain_id if config.multicall is None else None
        self._newest = NewestHead(self._client, limits, self._track, clock, asked)
        self._heads = Heads(config, self._client, self._newest, clock)
        self._multicall = Multicall(config.multicall, limits)
        self._make_sources = make_sources
        logs, seconds = Logs(self._client, limits), _SEARCH_PART * limits.read_timeout
        self._search = Searching(config.name, logs, notes or MemoryNotes(), seconds)
        self._begin_anew()
        self._confirmation = Confirmation(config.name, self._client.suspect)
        self._read_block: int | None = None
        self._last: ChainView | None = None
        self._last_at, self._cost = 0.0, 0
        self._followed: Collection[PositionId] = ()
        self._holders = Holders(self._client)
        self._is_searching = False

    def _begin_anew(self) -> None:
        """Drop all cached constants: they came from an endpoint that is contradicted."""
        self._tokens = TokenBook(self._config)
        sources = self._make_sources(self._config, self._tokens)
        self._readers, self._at = sources.readers, sources.at
        self._sources: list[Source] = [
            SameChain(self._config),
            *sources.readers,
            *sources.references,
            DollarFeeds(self._config),
        ]
        self._rounds = Rounds(self._sources, self._multicall)
        self._tellers: set[int] = set()
        """The endpoints that a reading rests on: whoever answers now, and whoever told what nobody confirmed yet."""

    @property
    def chain(self) -> ChainName:
        """The chain's name in the configuration."""
        return self._config.name

    @property
    def is_searching(self) -> bool:
        """Whether the last read left something to be searched for in the logs."""
        return self._is_searching

    @property
    def reorgs(self) -> int:
        """How many reorganisations were seen."""
        return self._track.reorgs

    async def check(self) -> None:
        """Compare the configuration with the chain.

        Raises:
            ConfigError: the chain id differs, an address has no code, a token has no mapping.
            Retryable: no endpoint answers.
        """
        await check_chain_id(self._config, self._client)
        multicall = [] if self._config.multicall is None else [(self._config.key("multicall"), self._config.multicall)]
        contracts = [*multicall, *(item for source in self._sources for item in source.contracts())]
        await check_code(self._client, contracts)
        try:
            for _ in range(_READS_AT_START):
                await self.read()
                if not self._is_searching:
                    break
        except ContractError as error:
            raise blame(contracts, error, await self._alike(error.target)) from error
        except SkipCycle as error:
            raise Retryable(str(error)) from error
        self._tokens.require_known()

    async def _alike(self, contract: Address) -> tuple[str, ...]:
        """Return the protocols as whose contracts one answers."""
        head = await self._newest.fetch()

        async def ask(plan: Plan) -> list[Result]:
            return (await self._fetch(plan, head.stamp, head.endpoint, lenient=True))[0]

        return await look_alikes(self._at(contract), self._multicall, head.stamp, ask)

    async def read(self) -> ChainView:
        """Read everything at the newest block, pinned to it.

        While the endpoints' budgets don't allow another read yet, the last one is returned again: its block's age
        shows that.

        Raises:
            Retryable: no endpoint gave a whole answer in time.
            SkipCycle: the answers contradict each other.
        """
        if self._last is not None and self._clock.monotonic() - self._last_at < self._client.pause(self._cost):
            return self._last
        spent = self._client.spent
        view = await self._read_patiently()
        self._last, self._last_at, self._cost = view, self._clock.monotonic(), self._client.spent - spent
        return view

    async def _read_patiently(self) -> ChainView:
        retrying = AsyncRetrying(
            sleep=self._clock.sleep,
            retry=retry_if_exception_type((Retryable, SkipCycle)),
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait_exponential(multiplier=0.05),
            reraise=True,
        )
        try:
            async with asyncio.timeout(self._config.limits.read_timeout):
                async for attempt in retrying:
                    with attempt:
                        return await self._read(lenient=attempt.retry_state.attempt_number == ATTEMPTS)
        except TimeoutError:
            pass
        raise Retryable(f"no whole answer within {self._config.limits.read_timeout:g} s")

    def follow(self, held: Collection[PositionId]) -> None:
        """Ask for these positions from now on, whoever holds them."""
        self._followed = held

    async def entry(self, position: LpPosition) -> Entry | None:
        """Look up a position's entry amounts in its own events, up to the block read last.

        Raises:
            Retryable: no endpoint answered.
        """
        if self._read_block is None:
            return None
        logs = Logs(self._client, self._config.limits)
        for reader in self._readers:
            if reader.name == position.protocol:
                with json_rpc.taken_at_their_word():
                    return await reader.entry(logs, position, self._read_block)
        return None

    def heads(self) -> AsyncGenerator[BlockStamp, None]:
        """Return new heads as they come, for ever; the newest one where several came at once."""
        return self._heads.follow()

    async def close(self) -> None:
        """Release connections."""
        await self._client.close()

    async def _read(self, *, lenient: bool) -> ChainView:
        head = self._newest.take() or await self._newest.fetch()
        block, endpoint = head.stamp, head.endpoint
        if not self._rounds.doubted:
            self._tellers.clear()

        async def ask(plan: Plan) -> list[Result]:
            nonlocal endpoint
            answers, endpoint = await self._fetch(plan, block, endpoint, lenient=lenient)
            self._tellers.update([endpoint.number] if answers else ())
            return answers

        try:
            found, reads = await self._rounds.read(block, self._followed, ask)
            if found.searches and await self._search(found.searches, block.number):
                found, reads = await self._rounds.read(block, self._followed, ask)
            self._is_searching = not all(search.is_over for search in found.searches)
        except (Retryable, SkipCycle) as error:
            # A block that nobody can read at is the word of who announced it; answers that are odd, or contradict each
            # other, that of who passed them on. Another endpoint may say otherwise.
            is_odd = isinstance(error, (ContractError, SkipCycle, json_rpc.OddAnswer))
            self._client.suspect(endpoint if is_odd else head.endpoint, error)
            if is_odd and lenient:
                self._begin_anew()
            raise
        found = await self._confirmed(endpoint, found.of(self._config.counts), reads)
        self._track.accept(block)
        self._read_block = block.number
        return ChainView(
            chain=self.chain,
            chain_id=self._config.chain_id,
            block=block,
            positions=tuple(found.positions),
            pools=tuple(found.prices.values()),
            left_out=tuple(found.left_out),
            moved=await self._holders.with_contracts(found.moved, block),
            dollars=tuple(found.dollars.values()),
        )

    async def _confirmed(self, endpoint: Endpoint, found: Found, reads: Reads) -> Found:
        """Return what to believe of a block, after others were asked about what jumped, or never was confirmed."""
        rounds, client = self._rounds, self._client
        if not self._config.limits.confirm or len(client.endpoints) == 1:
            rounds.believe(tuple(rounds.doubted))
        if not self._config.limits.confirm:
            return found

        async def again(endpoint: Endpoint) -> Reading:
            async def ask(plan: Plan) -> list[Result]:
                self._tellers.add(endpoint.number)
                return await self._multicall.run(endpoint, plan, reads.block, lenient=True)

            found, other = await rounds.again(reads, self._followed, ask)
            return Reading(endpoint, found.of(self._config.counts), other.constants())

        doubted = dict(rounds.doubted)
        constants = {} if len(client.endpoints) == 1 else reads.constants() | doubted
        first = Reading(endpoint, found, constants, remembers=not doubted.keys() <= reads.answers.keys())
        try:
            if self._tellers != {endpoint.number}:  # a part of it came from another endpoint
                first = (await again(endpoint)).insisting_on(first)
                self._tellers = {endpoint.number}
            found, is_agreed = await self._confirmation.settle(
                first,
                again,
                client.others(endpoint),
                reads.block,
                on_occasion=client.others(endpoint, at_ease=True) if doubted else (),
            )
        except ConstantsDifferError:
            self._begin_anew()
            raise
        if is_agreed:
            rounds.believe(first.constants)
        return found

    async def _fetch(
        self, plan: Plan, block: BlockStamp, start: Endpoint, *, lenient: bool
    ) -> tuple[list[Result], Endpoint]:
        async def work(endpoint: Endpoint) -> tuple[list[Result], Endpoint]:
            return await self._multicall.run(endpoint, plan, block, lenient=lenient), endpoint

        return await self._client.first(work, start=start)
