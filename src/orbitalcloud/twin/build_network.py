"""From a mission's `[network]` to what each node knows of it; and the relays that alter what they carry."""

from __future__ import annotations

from dataclasses import dataclass

from orbitalcloud.compute import public_key, signing_key
from orbitalcloud.core import HOUR, SECOND, Instant, Seed
from orbitalcloud.mission import Loaded, faults
from orbitalcloud.network import AgentLimits, Bundle
from orbitalcloud.network.admin import ASK, ASK_STATUS_TIME, STATUSES
from orbitalcloud.network.security import policy_of
from orbitalcloud.network.security.asb import with_data
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
    )


def first_entropy(seed: Seed, name: str) -> bytes:
    """What the carrier gives a node at its first start, from which its identity is born."""
    return seed.child(name).child("entropy").bytes(32, 1)


@dataclass(frozen=True, slots=True)
class Meddling:
    """A relay that alters what it passes on, from when until when."""

    windows: tuple[tuple[int, int], ...]

    def __call__(self, now: Instant, bundle: Bundle) -> Bundle:
        """The bundle with the middle byte of its payload inverted while a window holds; its CRC is right again."""
        payload = bytearray(bundle.payload)
        if not payload or not any(begins <= now < ends for begins, ends in self.windows):
            return bundle
        payload[len(payload) // 2] ^= 0xFF
        return with_data(bundle, bundle.blocks[-1].number, bytes(payload))


def meddlers(loaded: Loaded) -> dict[str, Meddling]:
    """Which nodes alter bundles, when, by the mission's faults."""
    found: dict[str, list[tuple[int, int]]] = {}
    for fault in loaded.mission.fault:
        if isinstance(fault, faults.TamperedBundle):
            begins = loaded.starts + round(fault.at_h * HOUR)
            found.setdefault(fault.target, []).append((begins, begins + round(fault.duration_min * 60 * SECOND)))
    return {name: Meddling(tuple(windows)) for name, windows in found.items()}
