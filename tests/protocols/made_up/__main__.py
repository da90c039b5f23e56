"""``dnbot`` with one line more in the registry."""

from bot.protocols.registry import register
from tests.protocols.made_up import MADE_UP

register(MADE_UP)

from bot.cli.main import main  # noqa: E402 - the registry is asked when the settings are imported

main()
