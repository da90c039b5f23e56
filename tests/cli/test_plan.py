"""``dnbot plan --shock``: what is no move is refused before anything is read."""

import pytest

from tests.cli.scenes import dnbot


@pytest.mark.parametrize(
    ("moves", "words"),
    [
        (["ETH=30"], "write an underlying and a percentage, such as ETH=+30%"),
        (["ETH"], "write an underlying and a percentage"),
        (["=5%"], "write an underlying and a percentage"),
        (["ETH=-100%"], "a price stays above 0"),
        (["ETH=1%", "eth=+2%"], "ETH is moved twice"),
    ],
)
def test_what_is_no_move_is_refused(moves: list[str], words: str) -> None:
    ran = dnbot("plan", *(part for move in moves for part in ("--shock", move)))
    assert ran.code == 2
    assert words in ran.err
