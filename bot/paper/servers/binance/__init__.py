"""Binance USDⓈ-M futures REST: ``/fapi/v1`` to ``v3``, and what ccxt reads of ``/sapi`` at start-up.

Source of routes, fields and codes: developers.binance.com, USDⓈ-M futures.
"""

from bot.paper.servers.binance.conventions import CONVENTIONS
from bot.paper.servers.binance.routes import HOSTS, Binance
from bot.paper.servers.kind import ServerKind

SERVER = ServerKind(kind="binance", conventions=CONVENTIONS, dialect=Binance, hosts=HOSTS)
