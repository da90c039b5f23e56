"""The ``dnbot`` command."""

import typer

app = typer.Typer(name="dnbot", no_args_is_help=True, pretty_exceptions_enable=False)


def main() -> None:
    """Run the command line."""
    app()
