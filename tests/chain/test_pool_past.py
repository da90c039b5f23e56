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


def test_each_direction_may_have_its_own_fee() -> None:
    stand = PoolStand(3000, 0, 1)
    assert stand.take(PoolEvent(1, 0, 0, fee=100, fee1=3000)) == (0, 0)
    assert stand.take(PoolEvent(1, 1, 0, in0=10**6)) == (100, 0)
    assert stand.take(PoolEvent(1, 2, 0, in1=10**6)) == (0, 3000)
    assert stand.take(PoolEvent(1, 3, 0, in1=10**6, fee=500)) == (0, 500)


def test_what_a_swap_paid_tells_the_fee_of_its_own_direction() -> None:
    stand = PoolStand(100, 0, 10**18, root=2**96, infers_fee=True, fee1=3000)
    after = 2**96 + 2**96 // 1000
    paid = 10**15 * 10**6 // (10**6 - 1500)
    assert stand.take(PoolEvent(1, 0, 0, in1=paid, tick=9, liquidity=10**18, root=after))[1] > 0
    assert stand.fee == 100
    assert stand.fee1 in {1499, 1500}
