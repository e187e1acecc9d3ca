"""Links: frames leave one after the other, arrive a light time later, and not at all once the contact is over."""

from orbitalcloud.core import SECOND, Contact, Seed
from orbitalcloud.twin.medium import Loss, Medium

CONTACT = Contact("a", "b", 0, 10 * SECOND, 8000, "uhf")  # a kilobyte a second


def light(sender, receiver, at):
    return 3_000_000


def medium(**changes):
    made = Medium(Seed.of(1), **changes)
    made.open(CONTACT)
    return made


def test_frames_queue_behind_each_other():
    made = medium()
    assert made.send("a", "b", 1000, 0, light) == (SECOND + 3_000_000, "")
    assert made.send("a", "b", 2000, 0, light) == (3 * SECOND + 3_000_000, "")
    assert made.send("a", "b", 1000, 5 * SECOND, light) == (6 * SECOND + 3_000_000, "")


def test_a_frame_that_cannot_have_left_by_the_end_is_lost_and_takes_no_room():
    made = medium()
    assert made.send("a", "b", 10_001, 0, light)[1]
    assert made.send("a", "b", 10_000, 0, light) == (10 * SECOND + 3_000_000, "")
    assert made.send("a", "b", 1, 0, light)[1]


def test_there_is_no_link_but_an_open_one():
    made = medium()
    assert made.send("b", "a", 1, 0, light)[1] == "no open contact"
    made.close(CONTACT)
    assert made.send("a", "b", 1, 0, light)[1] == "no open contact"


def test_closing_an_old_contact_leaves_its_successor_open():
    made = medium()
    after = Contact("a", "b", 10 * SECOND, 20 * SECOND, 8000, "uhf")
    made.open(after)
    made.close(CONTACT)
    assert made.open_from("a") == [after]


def test_a_loss_strikes_its_node_for_its_time_and_nobody_else():
    made = medium(losses=[Loss("b", SECOND, 2 * SECOND, 1_000_000)])
    assert not made.send("a", "b", 1, 0, light)[1]
    assert made.send("a", "b", 1, SECOND, light)[1] == "lost on the link"
    assert not made.send("a", "b", 1, 2 * SECOND, light)[1]
    other = medium(losses=[Loss("c", 0, 9 * SECOND, 1_000_000)])
    assert not other.send("a", "b", 1, SECOND, light)[1]


def test_a_base_loss_keeps_its_odds():
    made = medium(base_loss_ppm={("a", "b"): 100_000})
    lost = sum(bool(made.send("a", "b", 1, 0, light)[1] == "lost on the link") for _ in range(2000))
    assert abs(lost - 200) < 4 * (2000 * 0.1 * 0.9) ** 0.5


def test_quick_ranges_are_the_orbit_models():
    """Between blocks, on their edges and at their nodes: within a decimetre."""
    import random

    from orbitalcloud import physics
    from orbitalcloud.core import Instant
    from orbitalcloud.twin import World
    from orbitalcloud.twin.ranges import BLOCK_NS, Ranges
    from small_missions import SMALL, load_text

    made = World(load_text(SMALL))
    quick, site = Ranges(made.orbits), made.sites["inuvik"]
    draw = random.Random(1)
    moments = [made.starts + draw.randrange(20_000 * SECOND) for _ in range(300)]
    edge = made.starts // BLOCK_NS * BLOCK_NS
    for at in [*moments, edge + BLOCK_NS, edge + BLOCK_NS - 1, edge + BLOCK_NS + 1]:
        exact = physics.range_m(made.orbits, 0, site, Instant(at))
        assert abs(quick.range_m(0, site, Instant(at)) - exact) < 0.1
