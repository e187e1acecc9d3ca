"""A network that is split for hours, robbed and lied to, and heals: nothing is lost and nothing delivered twice.

A swarm of small networks, each drawn whole from its seed: plan, traffic, faults. First anything may break; then all
heals, and everything must arrive. A failure names the seed that repeats it.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from orbitalcloud.core import records
from orbitalcloud.core.time import HOUR, MINUTE, SECOND
from orbitalcloud.network import AgentLimits
from orbitalcloud.network.avoiding import NOT_THROUGH
from orbitalcloud.network.bundle import PATH_NOW, PRIORITY

SEEDS = range(16)
HEALED_S = 10 * 3600
ENDS_S = 40 * 3600
LIMITS = AgentLimits(confirm_tries=24)
"""More sendings than in flight: the swarm robs for ten hours, and then asks that everything arrives."""


@dataclass
class Robber:
    """A relay that says TAKEN and drops a share of what it takes for others, until it reforms."""

    chance: random.Random
    share: float
    until: int
    dropped: list[str] = field(default_factory=list)

    def __call__(self, now, bundle):
        if now < self.until and self.chance.random() < self.share:
            self.dropped.append(bundle.id)
            return None
        return bundle


def mesh(chance, link):
    """Two islands of relays between stations; links inside last, those across come and go."""
    stations, relays = ["s0", "s1", "s2"], ["r0", "r1", "r2", "r3", "r4"]
    contacts = []
    for relay in relays:
        for station in stations:
            at = chance.uniform(0, 3000)
            while at < ENDS_S:
                long = chance.uniform(300, 900)
                contacts += link(relay, station, at, at + long, 1_000_000)
                at += long + chance.uniform(1200, 5400)
    for one, other in pairwise(relays):
        contacts += link(one, other, 0, ENDS_S, 2_000_000)
    return stations, relays, contacts


def split(contacts, begins_s, ends_s, island, start):
    """The plan as it comes: nothing between the island and the rest for hours, of which no plan knows."""
    real = []
    for one in contacts:
        across = (one.sender in island) != (one.receiver in island)
        opens, closes = (one.opens - start) / SECOND, (one.closes - start) / SECOND
        if across and opens < ends_s and closes > begins_s:
            continue
        real.append(one)
    return real


def swarm(seed, lab, link):
    """One network through its day; the laboratory, what was sent, and who robbed."""
    chance = random.Random(seed)
    stations, relays, planned = mesh(chance, link)
    probe = lab(planned, LIMITS)
    start = probe.now
    island = {"s2", "r3", "r4"}
    begins = chance.uniform(0.5, 3) * 3600
    real = split(planned, begins, begins + chance.uniform(1, 5) * 3600, island, start)
    world = lab(real, LIMITS)
    for name, agent in probe.agents.items():
        world.agents[name] = agent
        world.saved.setdefault(name, {})
        world.perform(name, agent.observe(start, probe.plan))
    loss = chance.choice((0.0, 0.02, 0.1))
    world.lose = lambda sender, receiver, frame: chance.random() < loss
    robbers = {}
    for name in chance.sample(relays, chance.choice((0, 1, 2))):
        robbers[name] = Robber(chance, chance.choice((0.5, 1.0)), start + HEALED_S * SECOND)
        world.agents[name].meddle = robbers[name]
    sent = []
    for number in range(25):
        at = start + int(chance.uniform(0, 6 * 3600)) * SECOND
        source, target = chance.sample(stations, 2)
        body = b"%d/%d/" % (seed, number) + bytes(chance.randrange(10, 3000))
        sent.append((target, body))
        world.at(at, lambda s=source, t=target, b=body: _submit(world, s, t, b))
    for name in chance.sample(stations, chance.choice((0, 1))):
        world.at(start + int(chance.uniform(1, 8) * 3600) * SECOND, lambda n=name: _reboot(world, n, probe.plan))
    world.run()
    return world, sent, robbers


def _submit(world, source, target, body):
    agent = world.agents[source]
    world.perform(source, agent.submit(world.now, target, "m", body, "message", 39 * HOUR, confirm=True))


def _reboot(world, name, plan):
    """As `Lab.reboot`, with the plan that the node believes in."""
    believed, world.plan = world.plan, plan
    world.reboot(name)
    world.plan = believed
    world.perform(name, world.agents[name].observe(world.now, plan))


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_split_and_robbed_loses_and_doubles_nothing(seed, lab, link):
    world, sent, _ = swarm(seed, lab, link)
    arrived = Counter((node, item.payload) for node, item in world.delivered)
    assert arrived == Counter(sent), f"repeat with seed {seed}"
    assert not world.of(records.BundleUnconfirmed), f"repeat with seed {seed}"
    assert len(world.of(records.BundleConfirmed)) == len(sent), f"repeat with seed {seed}"


def test_the_swarm_breaks_what_it_should(lab, link):
    """Over a few seeds together there are robberies, second sendings and duplicates that were kept out."""
    kinds = Counter()
    for seed in (1, 2, 3, 4, 5, 6):
        world, _, _ = swarm(seed, lab, link)
        kinds.update(type(entry).__name__ for entry in world.records)
    wanted = ("BundleSwallowed", "BundleRepeated", "BundleDuplicate", "TrustChanged")
    assert all(kinds[name] for name in wanted), kinds


# One thing at a time --------------------------------------------------------------------------------------------------


def two_ways(link):
    """A station reaches another over either of two relays; `a` is always the first to be there."""
    hours = 12 * 3600
    return [
        *link("x", "a", 0, hours, 1_000_000, 1),
        *link("a", "y", 0, hours, 1_000_000, 1),
        *link("x", "b", 0, hours, 1_000_000, 30),
        *link("b", "y", 0, hours, 1_000_000, 30),
    ]


def test_a_black_hole_costs_time_and_no_bundle(lab, link):
    world = lab(two_ways(link))
    world.agents["a"].meddle = lambda now, bundle: None
    _submit(world, "x", "y", b"hello")
    world.run(world.now + 3 * HOUR)
    assert [item.payload for _, item in world.delivered] == [b"hello"]
    (again,) = world.of(records.BundleRepeated)
    assert again.avoid == ("a",)
    assert world.of(records.BundleReceived)[-2].node == "b", "the second sending and its report go around the first way"


def test_without_confirmation_a_black_hole_keeps_the_bundle(lab, link):
    """The control: custody alone cannot know."""
    world = lab(two_ways(link))
    world.agents["a"].meddle = lambda now, bundle: None
    world.submit("x", "y", b"hello")
    world.run()
    assert not world.delivered


def test_a_dropper_loses_its_good_name_and_gets_it_back(lab, link):
    world = lab(two_ways(link))
    until = world.now + 2 * HOUR
    world.agents["a"].meddle = lambda now, bundle: None if now < until else bundle
    for number in range(40):
        world.at(world.now + number * 15 * MINUTE, lambda n=number: _submit(world, "x", "y", b"%d" % n))
    world.run()
    turns = [(entry.subject, entry.trusted) for entry in world.of(records.TrustChanged)]
    assert turns == [("a", False), ("a", True)]
    fell = world.of(records.TrustChanged)[0].at
    after = [entry for entry in world.of(records.BundleSwallowed) if entry.at > fell]
    assert not after, "whoever is distrusted is given nothing more"
    assert Counter(item.payload for _, item in world.delivered) == Counter(b"%d" % n for n in range(40))


def test_a_lost_report_is_given_again_and_the_second_copy_kept_out(lab, link):
    world = lab(two_ways(link))
    robbed = []
    world.agents["a"].meddle = lambda now, bundle: robbed.append(bundle) if bundle.flags & 2 else bundle
    _submit(world, "x", "y", b"once")
    world.run(world.now + 4 * HOUR)
    assert robbed, "the report of the delivery was dropped"
    assert [item.payload for _, item in world.delivered] == [b"once"]
    assert len(world.of(records.BundleDuplicate)) == 1
    assert len(world.of(records.BundleConfirmed)) == 1


def test_nobody_confirms_for_another(lab, link):
    """A relay's word that a bundle was delivered is shown and not believed."""
    world = lab(two_ways(link))
    agent = world.agents["x"]
    _submit(world, "x", "y", b"hello")
    (name,) = [entry.bundle for entry in world.of(records.BundleCreated)]
    out = []
    agent.confirm(world.now, name, "a", out)
    assert not out
    assert name in agent.assurance
    agent.confirm(world.now, name, "y", out)
    assert name not in agent.assurance


def test_what_cannot_be_confirmed_is_given_up_at_its_expiry_and_said(lab, link):
    world = lab(two_ways(link), AgentLimits(confirm_tries=3))
    for relay in ("a", "b"):
        world.agents[relay].meddle = lambda now, bundle: None
    _submit(world, "x", "y", b"hello")
    world.run()
    assert not world.delivered
    (said,) = world.of(records.BundleUnconfirmed)
    assert len(world.of(records.BundleRepeated)) == 2
    assert "sent 3 times" in said.why.text
    assert not any(key.startswith("confirm/") for key in world.saved["x"])


def test_a_source_that_reboots_goes_on_waiting(lab, link):
    world = lab(two_ways(link))
    world.agents["a"].meddle = lambda now, bundle: None
    _submit(world, "x", "y", b"hello")
    world.run(world.now + MINUTE)
    world.reboot("x")
    world.run(world.now + 4 * HOUR)
    assert [item.payload for _, item in world.delivered] == [b"hello"]


def test_a_damaged_copy_is_dropped_and_told(lab, link):
    world = lab(two_ways(link))
    world.saved["x"]["confirm/x/1-1"] = b"\x93rubbish"
    world.reboot("x")
    assert [entry.check for entry in world.of(records.FrameRefused)] == ["store"]
    assert "confirm/x/1-1" not in world.saved["x"]


def test_the_private_blocks_of_this_project_are_each_of_their_own_type() -> None:
    kinds = [PRIORITY, PATH_NOW, NOT_THROUGH]
    assert len(set(kinds)) == len(kinds)
    assert all(192 <= kind <= 255 for kind in kinds), "RFC 9171 9.1: for private and experimental use"
