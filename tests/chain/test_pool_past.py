"""What a swap leaves with the liquidity, after what the protocol takes of it."""

from __future__ import annotations

from bot.chain.pool_past import PARTS, PoolEvent, PoolStand


def test_what_the_protocol_takes_of_the_amount_comes_off_the_fee() -> None:
    """3,000 for the providers and 1,000 for the protocol on top make 3,997; 2,997 of a million stay (core 1.0.2)."""
    stand = PoolStand(3997, 0, 1, taken0=1000)
    assert stand.take(PoolEvent(1, 0, 0, in0=10**6)) == (2997, 0)
    assert stand.take(PoolEvent(1, 1, 0, taken0=0, taken1=500)) == (0, 0)
    assert stand.take(PoolEvent(1, 2, 0, in0=10**6, fee=3000)) == (3000, 0)
    assert stand.take(PoolEvent(1, 3, 0, in1=10**6, fee=3000)) == (0, 2500)
    assert stand.take(PoolEvent(1, 4, 0, in1=10**6, kept1=PARTS // 2)) == (0, 1250)


def test_a_gift_stays_whole() -> None:
    stand = PoolStand(3000, 0, 1, kept0=0, taken1=3000)
    assert stand.take(PoolEvent(1, 0, 0, given0=7, given1=9)) == (7, 9)
    assert stand.fee == 3000
