"""The network, DeStarlink: bundles that wait for contacts and lose nothing.

Pure and sans-IO: instants and bytes come in, effects go out. The way in is `BundleAgent` (one per node), which stands
on a `ContactPlan` with `route`; below it are the bundle codec (`Bundle`, `encode`, `decode`, after RFC 9171),
fragmentation (`fragment`, `Reassembly`) and the frames of a contact (`convergence`). Imports `core`, msgspec and
google-crc32c only.

Reading order: `bundle`, `fragment`, `convergence`, `routing`, `store`, `peer`, `sending`, `agent`.
"""

from orbitalcloud.network.agent import BundleAgent
from orbitalcloud.network.bundle import Block, Bundle, decode, encode, require_conformant
from orbitalcloud.network.eid import Eid, endpoint, parse_eid
from orbitalcloud.network.fragment import Reassembly, fragment
from orbitalcloud.network.limits import AgentLimits
from orbitalcloud.network.output import Delivered, Output
from orbitalcloud.network.routing import ContactPlan, Route, route, soonest

__all__ = [
    "AgentLimits",
    "Block",
    "Bundle",
    "BundleAgent",
    "ContactPlan",
    "Delivered",
    "Eid",
    "Output",
    "Reassembly",
    "Route",
    "decode",
    "encode",
    "endpoint",
    "fragment",
    "parse_eid",
    "require_conformant",
    "route",
    "soonest",
]
