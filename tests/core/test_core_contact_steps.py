"""A contact whose rate varies spends exactly the integral of its rate: nothing is won or lost at a step."""

import pickle
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbitalcloud.core import SECOND, Contact
from orbitalcloud.core.contact import varying

STEPS = st.lists(
    st.tuples(st.integers(1, 10**12), st.one_of(st.just(0), st.integers(1, 10**11))), min_size=1, max_size=12
).filter(lambda parts: any(rate for _, rate in parts))


def made(parts, opens=10**18):
    steps, at = [], opens
    for length, rate in parts:
        steps.append((at, rate))
        at += length
    return varying("a", "b", at, tuple(steps), "x")


def integral_bytes(parts, after, until=None):
    """Bytes in [after, until) of the parts' time, as an exact fraction: the brute force."""
    total, at = Fraction(0), 0
    for length, rate in parts:
        end = at + length if until is None else min(at + length, until)
        total += Fraction(max(0, end - max(at, after)) * rate, 8 * SECOND)
        at += length
    return total


@given(STEPS, st.integers(0, 10**13))
def test_room_is_the_integral(parts, after):
    contact = made(parts)
    assert contact.room_bytes(contact.opens + after) == int(integral_bytes(parts, after))
    assert contact.capacity_bytes == int(integral_bytes(parts, 0))
    assert contact.rate_bps == max(rate for _, rate in parts)


@given(STEPS, st.integers(0, 10**12), st.integers(1, 10**12))
def test_the_last_bit_leaves_when_the_integral_reaches_the_size(parts, after, size):
    contact = made(parts)
    start = contact.opens + after
    took = contact.serialisation_ns(size, start)
    if integral_bytes(parts, after) < size:
        assert start + took > contact.closes
        return
    assert integral_bytes(parts, after, after + took) >= size
    assert integral_bytes(parts, after, after + took - 1) < size


@given(STEPS)
def test_frames_one_after_the_other_carry_the_whole_pass(parts):
    """Cut into frames of uneven size, the contact still carries its capacity but for a rounding a frame."""
    contact = made(parts)
    sizes = [max(1, contact.capacity_bytes // share) for share in (7, 3, 11, 5)]
    at, sent = contact.opens, 0
    for size in sizes * 8:
        left = at + contact.serialisation_ns(size, at)
        if left > contact.closes:
            break
        at, sent = left, sent + size
    slack = 1 + 32 * contact.rate_bps // (8 * SECOND)
    assert sent + contact.room_bytes(at) <= contact.capacity_bytes
    assert sent + contact.room_bytes(at) >= contact.capacity_bytes - slack - 32


def test_equal_neighbours_are_one_step_and_one_step_is_a_constant_rate():
    whole = varying("a", "b", 30, ((0, 5), (10, 5), (20, 5)), "x")
    assert whole == Contact("a", "b", 0, 30, 5, "x")
    assert varying("a", "b", 30, ((0, 5), (10, 5), (20, 7)), "x").steps == ((0, 5), (20, 7))
    assert varying("a", "b", 30, ((0, 5), (20, 7)), "x").rate_at(25) == 7
    assert pickle.loads(pickle.dumps(whole)) == whole


@pytest.mark.parametrize("steps", [((1, 5), (2, 6)), ((0, 5), (0, 6)), ((0, 5), (30, 6)), ((0, -5), (3, 6))])
def test_steps_that_cannot_be_are_refused(steps):
    with pytest.raises(AssertionError):
        Contact("a", "b", 0, 30, 6, "x", steps=steps)
