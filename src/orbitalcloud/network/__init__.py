"""The network, DeStarlink: bundles that wait for contacts and lose nothing.

Pure and sans-IO: instants and bytes come in, effects go out. The way in is `BundleAgent` (one per node), which stands
on a `ContactPlan` with `route`, `alternatives` and `contact_tree`, and `prophet` for meetings that nobody planned;
below it are the bundle codec (`Bundle`, `encode`, `decode`, after RFC 9171), fragmentation (`fragment`, `Reassembly`)
and the frames of a contact (`convergence`). `security` beside them signs, seals and judges bundles (`Policy`,
`protect`, `judge`; RFC 9172); `identity` names a node by its key. Imports `core`,
msgspec, google-crc32c; cryptography in `security` and `identity`; numpy and numba where a tree is asked for.

Reading order: `bundle`, `fragment`, `convergence`, `routing`, `volume`, `routes`, `plan_files`, `prophet`, `store`,
`peer`, `sending`, `agent`; `security`.
Wires: `tcpcl_messages`, `tcpcl_reader`, `tcpcl_transfers`, `tcpcl` (RFC 9174), `framings`, `pacing`, `carriage`.
"""

from orbitalcloud.network.agent import BundleAgent
from orbitalcloud.network.alternatives import alternatives
from orbitalcloud.network.bundle import Block, Bundle, decode, encode, require_conformant
from orbitalcloud.network.eid import Eid, endpoint, parse_eid
from orbitalcloud.network.fragment import Reassembly, fragment
from orbitalcloud.network.identity import Petnames, did_key, eid_key, key_eid, key_name, read_did_key, read_key_name
from orbitalcloud.network.limits import AgentLimits
from orbitalcloud.network.output import Delivered, Output
from orbitalcloud.network.plan_files import read_plan, write_ion
from orbitalcloud.network.routing import ContactPlan, Route, Terms, route, soonest
from orbitalcloud.network.security import Credentials, Demand, Keyring, Nonces, Policy, Protection, judge, protect

__all__ = [
    "AgentLimits",
    "Block",
    "Bundle",
    "BundleAgent",
    "ContactPlan",
    "Credentials",
    "Delivered",
    "Demand",
    "Eid",
    "Keyring",
    "Nonces",
    "Output",
    "Petnames",
    "Policy",
    "Protection",
    "Reassembly",
    "Route",
    "Terms",
    "alternatives",
    "decode",
    "did_key",
    "eid_key",
    "encode",
    "endpoint",
    "fragment",
    "judge",
    "key_eid",
    "key_name",
    "parse_eid",
    "protect",
    "read_did_key",
    "read_key_name",
    "read_plan",
    "require_conformant",
    "route",
    "soonest",
    "write_ion",
]
