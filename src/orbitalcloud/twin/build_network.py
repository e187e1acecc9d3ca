"""From a mission's `[network]` to what each node knows of it."""

from __future__ import annotations

from orbitalcloud.compute import public_key, signing_key
from orbitalcloud.core import Seed
from orbitalcloud.mission import Loaded
from orbitalcloud.network import AgentLimits
from orbitalcloud.network.admin import ASK, ASK_STATUS_TIME, STATUSES
from orbitalcloud.network.security import policy_of
from orbitalcloud.node import NetworkFacts


def network_facts(loaded: Loaded, names: tuple[str, ...], seed: Seed) -> NetworkFacts:
    """The one set of facts that all nodes share. A flight's keys follow from its seed, so everybody's are known.

    A node's `ipn` number is its place among the mission's nodes, satellites first, from 1.
    """
    network = loaded.mission.network
    rules = tuple((rule.source, rule.security) for rule in network.rule)
    policy = policy_of(network.security, (*rules, ("*", network.security)))
    secured = network.security != "none" or any(level != "none" for _, level in rules)
    keys = {name: bytes.fromhex(public_key(signing_key(first_entropy(seed, name)))) for name in names if secured}
    asks = sum(ASK[STATUSES.index(status)] for status in set(network.reports))
    limits = AgentLimits(source_ppm=round(network.source_share * 1e6), tolerate=frozenset(network.tolerate))
    return NetworkFacts(
        policy=policy,
        public_keys=keys,
        relays_verify=network.relays_verify,
        aliases={f"ipn:{number}": name for number, name in enumerate(names, 1)},
        asks=asks | ASK_STATUS_TIME if asks else 0,
        limits=limits,
        confirm=network.confirm,
        observe=network.observe,
    )


def first_entropy(seed: Seed, name: str) -> bytes:
    """What the carrier gives a node at its first start, from which its identity is born."""
    return seed.child(name).child("entropy").bytes(32, 1)
