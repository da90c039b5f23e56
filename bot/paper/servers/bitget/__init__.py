"""Bitget v2 mix REST (USDT-M futures, classic account), and what ccxt reads elsewhere at start-up.

Source of routes, fields and codes: bitget.com/api-doc, classic account; Bitget publishes no complete list of codes.
"""

from bot.paper.servers.bitget.conventions import CONVENTIONS
from bot.paper.servers.bitget.routes import HOSTS, Bitget
from bot.paper.servers.bitget.unified.conventions import CONVENTIONS as UNIFIED_CONVENTIONS
from bot.paper.servers.bitget.unified.routes import BitgetUnified
from bot.paper.servers.kind import ServerKind

SERVER = ServerKind(
    kind="bitget",
    conventions=CONVENTIONS,
    dialect=Bitget,
    hosts=HOSTS,
    settings={"api_key": "key", "secret": "secret", "passphrase": "passphrase"},
)
UNIFIED = ServerKind(
    kind="bitget-uta",
    conventions=UNIFIED_CONVENTIONS,
    dialect=BitgetUnified,
    hosts=HOSTS,
    settings=SERVER.settings,
)
