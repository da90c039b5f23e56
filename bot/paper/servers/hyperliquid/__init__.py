"""Hyperliquid's perpetuals: ``/info``, ``/exchange`` and the stream, in front of a classic account.

Source of questions, actions, fields and texts: its documentation (For developers, API), and recorded answers.
"""

from __future__ import annotations

import hashlib

from bot.paper.servers.desk import Credentials
from bot.paper.servers.hyperliquid.conventions import CONVENTIONS
from bot.paper.servers.hyperliquid.routes import HOSTS, Hyperliquid
from bot.paper.servers.kind import ServerKind


def issue(name: str) -> Credentials:
    """Make up an account's address, and the key of an agent that it approved."""
    account = hashlib.sha256(f"{name}-account".encode()).hexdigest()[:40]
    return Credentials(f"0x{account}", hashlib.sha256(f"{name}-agent".encode()).hexdigest())


SERVER = ServerKind(
    kind="hyperliquid",
    conventions=CONVENTIONS,
    dialect=Hyperliquid,
    hosts=HOSTS,
    settings={"account_address": "key", "agent_key": "secret"},
    issue=issue,
)
