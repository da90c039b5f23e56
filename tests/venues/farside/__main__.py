"""``python -m tests.venues.farside``: dnbot with the made-up venue registered, and nothing else changed."""

from __future__ import annotations

from bot.paper.servers.registry import SERVERS
from bot.venues.registry import KINDS
from tests.venues import farside
from tests.venues.farside import server

KINDS["farside"] = farside.KIND
SERVERS["farside"] = server.SERVER

if __name__ == "__main__":
    from bot.cli.main import main  # after the registration: the settings ask the registry when they are imported

    main()
