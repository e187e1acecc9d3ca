"""The compiled loop of `power_heat`: one satellite, or all, from step to step of the geometry's grid."""

from __future__ import annotations

import numpy as np
from numba import njit

from orbitalcloud.physics.array import REFERENCE_TEMPERATURE_K
from orbitalcloud.physics.battery import bus_step
from orbitalcloud.physics.constants import EARTH_RADIUS_M
from orbitalcloud.physics.geometry import LIT, RADIUS, SUN_X, SUN_Y, SUN_Z
from orbitalcloud.physics.heat import (
    ALPHA,
    AREA,
    CELL,
    COEFFICIENT,
    EPSILON,
    INDEX,
    NODE,
    earth_view_factor,
    face_cosines,
    heat_step,
)
from orbitalcloud.physics.thermal_control import STATE, apply, decide

# Columns of the state of a satellite, before its temperatures
ENERGY, GENERATED, LOAD, LOSSES, CURTAILED, UNSERVED, OFFERED, ILLUMINATION, CHARGE, RADIATED = range(10)
COLUMNS = 10
FULL, EMPTY, SHORT = 1, 2, 4
"""Flags returned by `advance`: the battery is full, is at its floor; a load went unserved."""


@njit(cache=True)
def _cover(cosine, index):  # type: ignore[no-untyped-def]
    """`array.cover_transmission` for a positive cosine."""
    if index <= 1.0:
        return 1.0
    inner = np.sqrt(1.0 - (1.0 - cosine * cosine) / (index * index))
    across = ((cosine - index * inner) / (cosine + index * inner)) ** 2
    along = ((index * cosine - inner) / (index * cosine + inner)) ** 2
    return (1.0 - 0.5 * (across + along)) / (1.0 - ((index - 1.0) / (index + 1.0)) ** 2)


@njit(cache=True)
def _sunlight(faces, n_faces, temperature, light, flux, earth, source, offered):  # type: ignore[no-untyped-def]
    """Add absorbed watts to `source` (n_nodes,), offered electric watts to `offered` (n_nodes,); returns their sum."""
    lit, sx, sy, sz, radius = light
    ratio = max(1.0, radius / EARTH_RADIUS_M)
    day = max(0.0, -sz) * earth[0] * flux
    total = 0.0
    for f in range(n_faces):
        face = faces[f]
        to_sun, to_earth = face_cosines(face, sx, sy, sz)
        view = earth_view_factor(to_earth, ratio)
        direct = flux * lit * to_sun
        node = int(face[NODE])
        source[node] += face[AREA] * (face[ALPHA] * (direct + day * view) + face[EPSILON] * earth[1] * view)
        if face[CELL] > 0.0 and direct > 0.0:
            warm = max(0.0, 1.0 + face[COEFFICIENT] * (temperature[node] - REFERENCE_TEMPERATURE_K))
            watts = direct * face[CELL] * warm * _cover(to_sun, face[INDEX])
            offered[node] += watts
            total += watts
    return total


@njit(cache=True)
def _light(grid, irradiance, k, u):  # type: ignore[no-untyped-def]
    """((illumination, Sun x, y, z, radius), sunlight) at `k + u` steps: the mean of the step, the rest linear."""
    a, b = grid[k], grid[k + 1]
    w = 1.0 - u
    sx, sy, sz = w * a[SUN_X] + u * b[SUN_X], w * a[SUN_Y] + u * b[SUN_Y], w * a[SUN_Z] + u * b[SUN_Z]
    scale = 1.0 / max(1e-12, np.sqrt(sx * sx + sy * sy + sz * sz))
    light = (1.0 * a[LIT], sx * scale, sy * scale, sz * scale, w * a[RADIUS] + u * b[RADIUS])
    return light, w * irradiance[k] + u * irradiance[k + 1]


@njit(cache=True)
def _earth(earth, k, u, bus):  # type: ignore[no-untyped-def]
    """(albedo, Earth infrared in W/m²) at `k + u` steps: of the place and season, or the design's own."""
    if earth.shape[0] == 0:
        return bus[8], bus[9]
    w = 1.0 - u
    return w * earth[k, 0] + u * earth[k + 1, 0], w * earth[k, 1] + u * earth[k + 1, 1]


@njit(cache=True)
def _run(now, until, grid, light, design, state, loads, radio_w, work):  # type: ignore[no-untyped-def]
    """Move one satellite's `state` from `now` to `until`; returns flags. `work` is scratch (2 n + 7, n).

    `grid` is (start, step in ns, irradiance), `design` its rows of `Tables` (faces, number of faces, couplings, nodes,
    bus), `light` its rows of the geometry.
    """
    start, step_ns, irradiance = grid
    faces, n_faces, coupling, nodes, bus, controls, n_controls, earth = design
    n = int(bus[10])
    temperature = state[COLUMNS : COLUMNS + n]
    conduction, radiation = coupling[0, :n, :n], coupling[1, :n, :n]
    capacity, emission = nodes[0, :n], nodes[1, :n]
    source, offered = work[n + 3], work[n + 4]
    states = state[state.shape[0] - STATE * controls.shape[0] :].reshape((controls.shape[0], STATE))
    wanted = radio_w
    for i in range(n):
        wanted += loads[i]
    flags = 0
    k = (now - start) // step_ns
    while now < until:
        grid_next = start + (k + 1) * step_ns
        stop = min(grid_next, until)
        seconds = (stop - now) * 1e-9
        u = (0.5 * (now - start + stop - start)) / step_ns - k
        here, flux = _light(light, irradiance, k, u)
        below = _earth(earth, k, u, bus)
        source[:] = 0.0
        offered[:] = 0.0
        total = _sunlight(faces, n_faces, temperature, here, flux, below, source, offered)
        asked = wanted
        if n_controls > 0:
            around = (faces, n_faces, here, below[1])
            heat, shining, joined = work[n + 5], work[n + 6], work[n + 7 :]
            for i in range(n):
                heat[i] = source[i] + loads[i] - offered[i]
            joined[:, :] = conduction
            shining[:] = emission
            network = (capacity, joined, radiation, shining)
            asked += decide(temperature, heat, seconds, network, controls, n_controls, states, around, work)
        served, curtailed, lost = _meter(state, total, asked, here[0], seconds, bus)
        share = 1.0
        if served < asked:
            share = served / asked
            if asked - served > 1e-9 * asked:
                flags |= SHORT
        state[RADIATED] += radio_w * share * seconds
        delivered = 1.0 - curtailed / total if total > 0.0 else 0.0
        for i in range(n):
            source[i] += loads[i] * share - offered[i] * delivered
        source[int(bus[7])] += lost
        if n_controls > 0:
            joined[:, :] = conduction
            shining[:] = emission
            apply(temperature, source, seconds, share, joined, shining, controls, n_controls, states, around)
            heat_step(temperature, seconds, capacity, source, joined, radiation, shining, work)
        else:
            heat_step(temperature, seconds, capacity, source, conduction, radiation, emission, work)
        if stop == grid_next:
            k += 1
        now = stop
    if state[ENERGY] >= bus[1] * (1.0 - 1e-12):
        flags |= FULL
    if state[ENERGY] <= bus[0] * (1.0 + 1e-12) + 1e-9:
        flags |= EMPTY
    return flags


@njit(cache=True)
def _meter(state, total, asked, lit, seconds, bus):  # type: ignore[no-untyped-def]
    """One step of the bus, entered in the meters of `state`; returns served, curtailed and lost watts."""
    before = state[ENERGY]
    after, served, curtailed, lost = bus_step(before, total, asked, seconds, bus)
    state[ENERGY] = after
    state[GENERATED] += total * seconds
    state[LOAD] += served * seconds
    state[LOSSES] += lost * seconds
    state[CURTAILED] += curtailed * seconds
    state[UNSERVED] += (asked - served) * seconds
    state[OFFERED], state[ILLUMINATION] = total, lit
    state[CHARGE] = (after - before) / seconds
    return served, curtailed, lost


@njit(cache=True)
def advance_one(sat, until, grid, light, tables, state, clock, loads, radio_w):  # type: ignore[no-untyped-def]
    """Move satellite `sat` to `until`; `tables` is (which, *arrays of `Tables`). Returns flags."""
    which, faces, n_faces, coupling, nodes, bus, controls, n_controls, earth = tables
    d = which[sat]
    n = int(bus[d, 10])
    design = (faces[d], n_faces[d], coupling[d], nodes[d], bus[d], controls[d], n_controls[d], earth[sat])
    flags = _run(clock[sat], until, grid, light[sat], design, state[sat], loads, radio_w, np.empty((2 * n + 7, n)))
    clock[sat] = max(clock[sat], until)
    return flags


@njit(cache=True)
def advance_fleet(until, grid, light, tables, state, clock, loads, radio_w, flags):  # type: ignore[no-untyped-def]
    """`advance_one` for every satellite, with `loads` (n_satellites, n_nodes) and `radio_w` (n_satellites,)."""
    for sat in range(state.shape[0]):
        flags[sat] = advance_one(sat, until, grid, light, tables, state, clock, loads[sat], radio_w[sat])
