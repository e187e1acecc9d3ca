"""A `Numerical` start from any source: a design by its mean elements, two-line elements and OMMs by SGP4's state."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from orbitalcloud.core.time import Instant
from orbitalcloud.physics.design import Design, design_table
from orbitalcloud.physics.ephemeris import from_teme_to_gcrs
from orbitalcloud.physics.forces import Ball, Forces
from orbitalcloud.physics.mean import osculating_teme
from orbitalcloud.physics.numerical import Numerical
from orbitalcloud.physics.orbit import Orbits, Source


def numerical(source: Source, at: Instant, ball: Ball, forces: Forces | None = None) -> Numerical:
    """What flies by its forces from `at` on as `source` says it is then.

    A design gets the osculating state that has its mean elements and its period. SGP4's state is taken as it is: a
    kilometre or so from the truth, and with a period that is off by as much as its velocity is.
    """
    if isinstance(source, Design):
        state = osculating_teme(_moved(source, at))
    else:
        r, v = Orbits.of([source]).state_teme(at)
        state = np.concatenate([r[0, 0], v[0, 0]])
    x, y, z, vx, vy, vz = from_teme_to_gcrs(np.array([at], dtype=np.int64), state[None])[0].tolist()
    return Numerical((x, y, z), (vx, vy, vz), at, ball, forces or Forces(), source.name)


def _moved(design: Design, at: Instant) -> Design:
    """The same design told at another epoch."""
    if at == design.epoch:
        return design
    _, _, _, node, argp, mean, mean_rate, argp_rate, node_rate = design_table([design])[0].tolist()
    seconds, turn = (at - design.epoch) * 1e-9, 2.0 * np.pi
    angles = (
        (node + node_rate * seconds) % turn,
        (argp + argp_rate * seconds) % turn,
        (mean + mean_rate * seconds) % turn,
    )
    return replace(design, raan_rad=angles[0], argp_rad=angles[1], mean_anomaly_rad=angles[2], epoch=at)
