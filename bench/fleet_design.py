"""The satellite that the fleet's benches fly: the size of the catalogue's 12U, and a node for the battery."""

from __future__ import annotations

import numpy as np

from orbitalcloud.physics import (
    Battery,
    Conductor,
    Face,
    Node,
    Panel,
    SatelliteDesign,
    SolarArray,
    ThermalNetwork,
)

NETWORK = ThermalNetwork(
    (
        Node("array", 540.0),
        Node("body", 11_000.0),
        Node("payload", 1000.0),
        Node("radiator", 1350.0),
        Node("battery", 800.0),
    ),
    (
        Face("body", 0.0511, (1.0, 0.0, 0.0), 0.35, 0.35),
        Face("body", 0.0511, (-1.0, 0.0, 0.0), 0.35, 0.35),
        Face("body", 0.0768, (0.0, 1.0, 0.0), 0.35, 0.35),
        Face("body", 0.0088, (0.0, -1.0, 0.0), 0.35, 0.35),
        Face("body", 0.0768, (0.0, 0.0, 1.0), 0.35, 0.35),
        Face("body", 0.0768, (0.0, 0.0, -1.0), 0.35, 0.35),
        Face("radiator", 0.068, (0.0, -1.0, 0.0), 0.2, 0.9),
    ),
    (
        Conductor("payload", "radiator", 1.2),
        Conductor("payload", "body", 0.6),
        Conductor("body", "radiator", 0.8),
        Conductor("array", "body", 0.15),
        Conductor("battery", "body", 0.5),
    ),
)
DESIGN = SatelliteDesign(
    SolarArray((Panel(0.12), Panel(0.12)), 0.274, -0.0025, 0.83),
    Battery(77 * 3600.0, 0.96, 0.96, 60.0, 80.0),
    NETWORK,
    battery_node="battery",
    initial_state_of_charge=0.9,
)
LOADS_W = np.array([0.0, 8.0, 9.0, 0.0, 1.0])
