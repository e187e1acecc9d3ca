"""Chance is a value: the same name draws the same numbers, and a new child moves nobody else's draws."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from orbitalcloud.core import Seed

names = st.text(min_size=1, max_size=20)


@given(st.integers(0, 2**64 - 1), names, names)
def test_children_are_apart_and_repeatable(number, first, second):
    root = Seed.of(number)
    assert root.child(first) == Seed.of(number).child(first)
    if first != second:
        assert root.child(first).bytes(32) != root.child(second).bytes(32)


def test_a_draw_is_the_documented_construction():
    key = hashlib.blake2b((7).to_bytes(8, "big"), digest_size=32, person=b"orbital-seed").digest()
    child = hashlib.blake2b(b"links", key=key, digest_size=32).digest()
    block = hashlib.blake2b(bytes(7) + b"\x05" + bytes(8), key=child, digest_size=64).digest()
    assert Seed.of(7).child("links").bytes(40, 5) == block[:40]


def test_below_is_uniform_enough_to_bet_on():
    seed = Seed.of(1).child("dice")
    counts = [0] * 6
    for index in range(6000):
        counts[seed.below(6, index)] += 1
    assert sum((count - 1000) ** 2 / 1000 for count in counts) < 20.5  # chi-square, 5 degrees, p = 0.001


def test_chance_keeps_its_odds():
    seed = Seed.of(2).child("loss")
    hits = sum(seed.chance(250_000, index) for index in range(4000))
    assert abs(hits - 1000) < 4 * (4000 * 0.25 * 0.75) ** 0.5
    assert not any(seed.chance(0, index) for index in range(100))
    assert all(seed.chance(1_000_000, index) for index in range(100))
