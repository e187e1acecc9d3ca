"""The software that flies: satellites and stations as pure state machines.

`Satellite` and `Station` have one method that matters, `handle(now, event) -> effects`; the drivers (`sim`, `live`)
tell them what happens and carry out what they ask. The `Governor` is the one place on board that says no. `orders`
are what people and timelines may ask. Imports planning, physics, network, ethereum, compute and core; no clock, no
socket, no thread, no chance.
"""

from orbitalcloud.node.base import Node
from orbitalcloud.node.config import (
    EnergyFacts,
    GovernorLimits,
    NetworkFacts,
    NoticeFacts,
    SatelliteConfig,
    StationConfig,
    VerificationFacts,
)
from orbitalcloud.node.governor import Decision, Governor
from orbitalcloud.node.orders import (
    CallOff,
    Dropped,
    LabelledUpdate,
    Outcome,
    Pay,
    SendMessage,
    SendTransaction,
    SendUpdate,
    Settled,
    SubmitJob,
    WipeWallet,
    decode_order,
    encode_order,
)
from orbitalcloud.node.post import NetworkNode
from orbitalcloud.node.satellite import Satellite
from orbitalcloud.node.station import Station

__all__ = [
    "CallOff",
    "Decision",
    "Dropped",
    "EnergyFacts",
    "Governor",
    "GovernorLimits",
    "LabelledUpdate",
    "NetworkFacts",
    "NetworkNode",
    "Node",
    "NoticeFacts",
    "Outcome",
    "Pay",
    "Satellite",
    "SatelliteConfig",
    "SendMessage",
    "SendTransaction",
    "SendUpdate",
    "Settled",
    "Station",
    "StationConfig",
    "SubmitJob",
    "VerificationFacts",
    "WipeWallet",
    "decode_order",
    "encode_order",
]
