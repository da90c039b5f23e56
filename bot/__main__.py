"""``python -m bot`` is ``dnbot``."""

from bot.cli.main import main

if __name__ == "__main__":
    main()
