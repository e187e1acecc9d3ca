"""A contact spends time for bytes, rounding against the sender, and has no room once it is over."""

from hypothesis import given
from hypothesis import strategies as st

from orbitalcloud.core import SECOND, Contact

contacts = st.builds(
    lambda opens, length, rate: Contact("a", "b", opens, opens + length, rate, "s"),
    st.integers(0, 10**18),
    st.integers(1, 10**13),
    st.integers(1, 10**11),
)


@given(contacts, st.integers(0, 10**13))
def test_what_there_is_room_for_fits(contact, after):
    now = contact.opens + after
    room = contact.room_bytes(now)
    assert now + contact.serialisation_ns(room) <= contact.closes or room == 0
    assert now + contact.serialisation_ns(room + 2) > contact.closes


def test_a_kilobyte_at_a_kilobit_takes_eight_seconds():
    contact = Contact("a", "b", 0, 10 * SECOND, 1000, "uhf")
    assert contact.serialisation_ns(1000) == 8 * SECOND
    assert contact.room_bytes(0) == 1250
    assert contact.room_bytes(10 * SECOND) == 0
