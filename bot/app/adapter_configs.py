"""Build each adapter's configuration (chain, paper venue, real venue) from the settings; nothing is opened here."""

from __future__ import annotations

from pathlib import Path

from bot.app.settings.chains import ChainSettings
from bot.app.settings.venues import VenueSettings
from bot.chain.config import ChainConfig, Deployment, Limits
from bot.core.types import ChainId, ChainName, VenueId
from bot.exchange.config import CcxtConfig
from bot.exchange.redirect import redirected
from bot.paper.config import PaperConfig


def paper_config(name: VenueId, venue: VenueSettings, file: Path) -> PaperConfig:
    """Return the paper venue of the settings, its account in ``file``."""
    return PaperConfig(
        venue=name,
        file=file,
        symbols=venue.symbols,
        deposit=venue.deposit,
        leverage=venue.leverage,
        half_spread=venue.half_spread,
        usd_per_bp=venue.depth_per_bp,
        queue=venue.queue,
        maker_fee=venue.maker_fee,
        taker_fee=venue.taker_fee,
        funding_rate=venue.funding_rate,
        funding_interval=venue.funding_interval,
        margin_mode=venue.margin_mode,
        reserve=venue.reserve,
    )


def ccxt_config(name: VenueId, venue: VenueSettings, kind: str) -> CcxtConfig:
    """Return the real venue of the settings; ``kind`` is the exchange's name at ccxt."""
    connector = None
    if venue.redirect_to is not None and venue.ca_file is not None:
        connector = redirected(venue.redirect_to, venue.ca_file)
    return CcxtConfig(
        venue=name,
        kind=kind,
        symbols=tuple(venue.symbols.values()),
        login=venue.own_settings().login(),
        demo=venue.demo,
        leverage=venue.leverage,
        margin_mode=venue.margin_mode.value,
        recv_window=venue.recv_window,
        stream_move=venue.stream_move,
        connector=connector,
    )


def chain_config(name: ChainName, chain: ChainSettings) -> ChainConfig:
    """Return a chain of the settings as its reader takes it."""
    protocols = tuple(
        Deployment(entry.protocol, f"chains.{name}.{entry.key}", entry.settings) for entry in chain.deployments()
    )
    return ChainConfig(
        name=name,
        chain_id=ChainId(chain.chain_id),
        rpc_urls=tuple(url.get_secret_value() for url in chain.rpc_urls),
        ws_urls=tuple(url.get_secret_value() for url in chain.ws_urls),
        multicall=chain.multicall_address,
        owners=chain.owners,
        protocols=protocols,
        reference_pools=chain.reference_pools,
        ignore_positions=frozenset(chain.ignore_positions),
        only_positions=frozenset(chain.only_positions),
        tokens={token: mapping for token, item in chain.tokens.items() if (mapping := item.mapping())},
        dollar_feeds=chain.dollar_feeds,
        ignored=frozenset(token for token, item in chain.tokens.items() if item.ignore),
        limits=Limits(
            request_timeout=chain.request_timeout.total_seconds(),
            read_timeout=chain.read_timeout.total_seconds(),
            max_head_age=chain.max_head_age,
            max_head_lead=chain.max_head_age,
            poll_interval=chain.poll_interval.total_seconds(),
            max_batch=chain.max_batch,
            max_call_gas=chain.max_call_gas,
            max_call_bytes=chain.max_call_bytes,
            max_log_blocks=chain.max_log_blocks,
            requests_per_day=chain.requests_per_day,
            confirm=chain.confirm_changes,
        ),
    )
