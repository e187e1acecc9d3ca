"""The compiled loop of `power_heat`: one satellite, or all, from step to step of the geometry's grid."""

from __future__ import annotations

import numpy as np
from numba import njit

from orbitalcloud.physics.array import REFERENCE_TEMPERATURE_K
from orbitalcloud.physics.battery import CEILING, FLOOR, FULL_J, ROW, bus_step
from orbitalcloud.physics.constants import EARTH_RADIUS_M
from orbitalcloud.physics.geometry import LIT, RADIUS, SUN_X, SUN_Y, SUN_Z
from orbitalcloud.physics.heat import (
    ALPHA,
    AREA,
    BODY,
    CELL,
    COEFFICIENT,
    EPSILON,
    INDEX,
    MOUNT,
    NODE,
    NX,
    NY,
    NZ,
    ONE_AXIS,
    TRACKING,
    TRACKING_BACK,
    earth_view_factor,
    face_cosines,
    heat_step,
)
from orbitalcloud.physics.self_shadow import looked_up, octahedral
from orbitalcloud.physics.solar_cells import iv_power_share
from orbitalcloud.physics.thermal_control import STATE, apply, decide, resting

# Columns of the state of a satellite, before its temperatures
ENERGY, GENERATED, LOAD, LOSSES, CURTAILED, UNSERVED, OFFERED, ILLUMINATION, CHARGE, RADIATED = range(10)
SHED, LEVEL, VOLTS, AMPERES, STARTED = range(10, 15)
# … and the battery's duty since its wear was last counted: seconds, K·s, share·s, throughput, lowest, highest share
DUTY_S, WARMTH, HELD, THROUGH, LOWEST, HIGHEST = range(15, 21)
DOWNS, DOWN_AT = 21, 22  # brown-outs so far, and the charge at which the last one was
COLUMNS = 23
FULL, EMPTY, SHORT = 1, 2, 4
"""Flags returned by `advance`: the battery is full, is at its floor; a load went unserved."""

PLATFORM, HEATING, RADIO, PAYLOAD = range(4)
CLASSES = 4
"""Loads by class, the most needed first: what shedding takes last and what gets the last watts first. State LEVEL is
how many of them have power: 4 normally, 0 in a brown-out.
"""

# Columns of a design's `bus` table, after the battery's row
ARRAY_NODE, BATTERY_NODE, ALBEDO, INFRARED, NODES = range(ROW, ROW + 5)
SHED_BELOW = ROW + 5  # of heating, radio, payload
RESTORE_BY, RESTART = ROW + 8, ROW + 9
SUN_AXIS = ROW + 10  # x, y, z of the body axis that is held to the Sun; all zero where the satellite looks at the Earth
DIRECT = ROW + 13  # cells in series on the battery's voltage; 0 for a tracker
IV = ROW + 14  # `SolarCell.row`
BUS = ROW + 22


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
def _cell_factor(face, warmer, volts, bus):  # type: ignore[no-untyped-def]
    """Power of cells relative to their best at 28 °C: a tracker's, or at the battery's voltage."""
    if bus[DIRECT] > 0.0:
        return iv_power_share(volts / bus[DIRECT], warmer, bus[IV : IV + 8])
    return max(0.0, 1.0 + face[COEFFICIENT] * warmer)


@njit(cache=True)
def _to_sun(face, light, bus):  # type: ignore[no-untyped-def]
    """(cosine to the Sun, cosine to nadir) of a face of a satellite that turns as a whole to the Sun.

    The body axis `SUN_AXIS` points to the Sun and +z (+x where that is the axis) as near to the Earth as it can.
    """
    ax, ay, az = bus[SUN_AXIS], bus[SUN_AXIS + 1], bus[SUN_AXIS + 2]
    down = light[3]
    mx, my, mz = -az * ax, -az * ay, 1.0 - az * az
    length = np.sqrt(mx * mx + my * my + mz * mz)
    if length < 1e-6:
        mx, my, mz = 1.0 - ax * ax, -ax * ay, -ax * az
        length = np.sqrt(mx * mx + my * my + mz * mz)
    across = np.sqrt(max(0.0, 1.0 - down * down)) / length
    ex, ey, ez = down * ax + across * mx, down * ay + across * my, down * az + across * mz
    mount = face[MOUNT]
    if mount == BODY:
        towards = face[NX] * ax + face[NY] * ay + face[NZ] * az
        return max(0.0, towards), face[NX] * ex + face[NY] * ey + face[NZ] * ez
    if mount == TRACKING:
        return 1.0, down
    if mount == TRACKING_BACK:
        return 0.0, -down
    along = face[NX] * ax + face[NY] * ay + face[NZ] * az
    front = np.sqrt(max(1e-30, 1.0 - along * along))
    nadir = (down - along * (face[NX] * ex + face[NY] * ey + face[NZ] * ez)) / front
    return (front, nadir) if mount == ONE_AXIS else (0.0, -nadir)


@njit(cache=True)
def _sunlight(panels, temperature, light, flux, volts, earth, bus, source, offered, seen):  # type: ignore[no-untyped-def]
    """Add absorbed watts to `source` (n_nodes,), offered electric watts to `offered` (n_nodes,); returns their sum.

    `earth` is (albedo, infrared in W/m²); `seen` (2, n_nodes) gets each node's area times its view of the Earth, and
    that times the emissivity.
    """
    faces, n_faces, panel_of, shade = panels
    lit, sx, sy, sz, radius = light
    ratio = max(1.0, radius / EARTH_RADIUS_M)
    day = max(0.0, -sz) * earth[0] * flux
    held = bus[SUN_AXIS] != 0.0 or bus[SUN_AXIS + 1] != 0.0 or bus[SUN_AXIS + 2] != 0.0
    u = v = total = seen_by = 0.0
    known = -1.0
    if shade.shape[0] > 0:
        if held:
            u, v = octahedral(bus[SUN_AXIS], bus[SUN_AXIS + 1], bus[SUN_AXIS + 2])
        else:
            u, v = octahedral(sx, sy, sz)
    for f in range(n_faces):
        face = faces[f]
        to_sun, to_earth = _to_sun(face, light, bus) if held else face_cosines(face, sx, sy, sz)
        slant = abs(to_earth)
        if slant != known:  # most faces look along, away from or across the same line as the one before
            known, seen_by = slant, earth_view_factor(slant, ratio)
        # what the two sides of a plate see differs by c/a² (Gauss)
        view = seen_by if to_earth >= 0.0 else max(0.0, seen_by - slant / (ratio * ratio))
        direct, power = flux * lit * to_sun, 1.0
        p = panel_of[f]
        if direct > 0.0 and p >= 0 and p < shade.shape[0]:
            direct *= looked_up(shade[p, 0], u, v)
            power = looked_up(shade[p, 1], u, v)
        node = int(face[NODE])
        source[node] += face[AREA] * (face[ALPHA] * (direct + day * view) + face[EPSILON] * earth[1] * view)
        seen[0, node] += face[AREA] * view
        seen[1, node] += face[AREA] * view * face[EPSILON]
        if face[CELL] > 0.0 and direct > 0.0:
            warm = _cell_factor(face, temperature[node] - REFERENCE_TEMPERATURE_K, volts, bus)
            watts = flux * lit * to_sun * power * face[CELL] * warm * _cover(to_sun, face[INDEX])
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
        return bus[ALBEDO], bus[INFRARED]
    w = 1.0 - u
    return w * earth[k, 0] + u * earth[k + 1, 0], w * earth[k, 1] + u * earth[k + 1, 1]


@njit(cache=True)
def _controlled(source, offered, warm, temperature, seconds, network, control, states, seen, work):  # type: ignore[no-untyped-def]
    """Electric watts that the thermal controls ask for in this step, as `thermal_control.decide` sets them; −1 where
    all of them rest."""
    n = temperature.shape[0]
    heat = work[n + 5]
    for i in range(n):
        heat[i] = source[i] - offered[i] + warm[i]
    if resting(temperature, heat, seconds, network, control[0], control[1], states):
        return -1.0
    capacity, conduction, radiation, emission = network
    shining, joined = work[n + 6], work[n + 9 : 2 * n + 9]
    joined[:, :] = conduction
    shining[:] = emission
    inside = (capacity, joined, radiation, shining)
    return decide(temperature, heat, seconds, inside, control[0], control[1], states, seen, work)


@njit(cache=True)
def _demand(loads, radio_w, asked, warm):  # type: ignore[no-untyped-def]
    """Watts asked by each class, into `asked` (CLASSES,): what its nodes dissipate, and what the radio sends away; and
    by each node, with all classes on, into `warm` (n_nodes,).
    """
    asked[:] = 0.0
    warm[:] = 0.0
    for c in range(CLASSES):
        for i in range(warm.shape[0]):
            asked[c] += loads[c, i]
            warm[i] += loads[c, i]
    asked[RADIO] += radio_w


@njit(cache=True)
def _level(state, bus):  # type: ignore[no-untyped-def]
    """How many classes have power in this step, by the charge and what was on before: shed low, restored higher.

    A brown-out lasts until the charge is at RESTART, and RESTORE_BY above what it was: a cold or worn battery that
    sagged with charge left would otherwise go up and down with every step.
    """
    level, share = int(state[LEVEL]), state[ENERGY] / bus[FULL_J]
    if level == 0:
        level = 1 if share >= max(bus[RESTART], state[DOWN_AT] + bus[RESTORE_BY]) else 0
    while level > 1 and share < bus[SHED_BELOW + level - 2]:
        level -= 1
    if 0 < level < CLASSES and share >= bus[SHED_BELOW + level - 1] + bus[RESTORE_BY]:
        level += 1
    state[LEVEL] = level
    return level


@njit(cache=True)
def _wanted(level, asked, seconds, state):  # type: ignore[no-untyped-def]
    """Watts asked by the classes that have power; what the others asked is metered as shed."""
    wanted = 0.0
    for c in range(CLASSES):
        if c < level:
            wanted += asked[c]
        else:
            state[SHED] += asked[c] * seconds
    return wanted


@njit(cache=True)
def _serve(served, level, asked, loads, share, source):  # type: ignore[no-untyped-def]
    """Each class's served share into `share` (CLASSES,), the most needed getting all before the next get any; and what
    they dissipate with it to their nodes in `source` (n_nodes,).
    """
    for c in range(CLASSES):
        given = min(asked[c], served) if c < level else 0.0
        share[c] = given / asked[c] if asked[c] > 0.0 else 0.0
        served = max(0.0, served - given)
        for i in range(source.shape[0]):
            source[i] += loads[c, i] * share[c]


@njit(cache=True)
def _go_dark(state, bus):  # type: ignore[no-untyped-def]
    """A brown-out: nothing has power from the next step on."""
    state[DOWNS] += 1.0
    state[DOWN_AT] = state[ENERGY] / bus[FULL_J]
    state[LEVEL] = 0.0


@njit(cache=True)
def _meter(state, total, asked, lit, seconds, kelvin, bus, store):  # type: ignore[no-untyped-def]
    """One step of the bus, entered in the meters of `state`; returns served, curtailed and lost watts."""
    before = state[ENERGY]
    after, served, curtailed, lost, amperes, volts = bus_step(before, total, asked, seconds, kelvin, bus, store)
    state[ENERGY] = after
    state[GENERATED] += total * seconds
    state[LOAD] += served * seconds
    state[LOSSES] += lost * seconds
    state[CURTAILED] += curtailed * seconds
    state[UNSERVED] += (asked - served) * seconds
    state[OFFERED], state[ILLUMINATION] = total, lit
    moved = after - before
    state[CHARGE] = moved / seconds
    state[AMPERES], state[VOLTS] = amperes, volts
    share = after / bus[FULL_J]
    state[DUTY_S] += seconds
    state[WARMTH] += kelvin * seconds
    state[HELD] += share * seconds
    state[THROUGH] += abs(moved) / bus[FULL_J]
    state[LOWEST], state[HIGHEST] = min(state[LOWEST], share), max(state[HIGHEST], share)
    return served, curtailed, lost


@njit(cache=True)
def _run(now, until, grid, light, design, state, loads, radio_w, work, ledger):  # type: ignore[no-untyped-def]
    """Move one satellite's `state` from `now` to `until`; returns flags. `work` (2 n + 10, n) and `ledger` (2, CLASSES)
    are scratch.

    `grid` is (start, step in ns, irradiance), `design` its rows of `Tables` (panels, couplings, nodes, bus, store,
    control), with its Earth, `light` its rows of the geometry, `loads` (CLASSES, n).
    """
    start, step_ns, irradiance = grid
    panels, coupling, nodes, bus, store, control, earth = design
    n = int(bus[NODES])
    temperature = state[COLUMNS : COLUMNS + n]
    conduction, radiation = coupling[0, :n, :n], coupling[1, :n, :n]
    capacity, emission = nodes[0, :n], nodes[1, :n]
    source, offered = work[n + 3], work[n + 4]
    states = state[state.shape[0] - STATE * control[0].shape[0] :].reshape((control[0].shape[0], STATE))
    network = (capacity, conduction, radiation, emission)
    asked, share = ledger[0], ledger[1]
    battery_node = int(bus[BATTERY_NODE])
    warm = work[2 * n + 9]
    _demand(loads, radio_w, asked, warm)
    heating = asked[HEATING]
    view = work[n + 7 : n + 9]
    flags = 0
    k = (now - start) // step_ns
    while now < until:
        grid_next = start + (k + 1) * step_ns
        stop = min(grid_next, until)
        seconds = (stop - now) * 1e-9
        u = (0.5 * (now - start + stop - start)) / step_ns - k
        here, flux = _light(light, irradiance, k, u)
        below = _earth(earth, k, u, bus)
        for i in range(n):
            source[i] = offered[i] = view[0, i] = view[1, i] = 0.0
        total = _sunlight(panels, temperature, here, flux, state[VOLTS], below, bus, source, offered, view)
        seen = (below[1], view)
        active = -1.0
        if control[1] > 0:
            active = _controlled(source, offered, warm, temperature, seconds, network, control, states, seen, work)
            asked[HEATING] = heating + max(0.0, active)
        level = _level(state, bus)
        wanted = _wanted(level, asked, seconds, state)
        served, curtailed, lost = _meter(state, total, wanted, here[0], seconds, temperature[battery_node], bus, store)
        delivered = 1.0 - curtailed / total if total > 0.0 else 0.0
        for i in range(n):
            source[i] -= offered[i] * delivered
        if served >= wanted and level == CLASSES:  # nearly always, so without a call
            for c in range(CLASSES):
                share[c] = 1.0
            for i in range(n):
                source[i] += warm[i]
        else:
            _serve(served, level, asked, loads, share, source)
        state[RADIATED] += radio_w * share[RADIO] * seconds
        if wanted - served > 1e-9 * wanted:
            flags |= SHORT
            if bus[RESTART] > 0.0 and share[PLATFORM] < 1.0 - 1e-9:
                _go_dark(state, bus)
        source[battery_node] += lost
        if active >= 0.0:
            shining, joined = work[n + 6], work[n + 9 : 2 * n + 9]
            joined[:, :] = conduction
            shining[:] = emission
            given = share[HEATING]
            apply(temperature, source, seconds, given, joined, shining, control[0], control[1], states, seen)
            heat_step(temperature, seconds, capacity, source, joined, radiation, shining, work)
        else:
            heat_step(temperature, seconds, capacity, source, conduction, radiation, emission, work)
        if stop == grid_next:
            k += 1
        now = stop
    return flags | _filled(state, bus)


@njit(cache=True)
def _filled(state, bus):  # type: ignore[no-untyped-def]
    """FULL where the store is, EMPTY where it is at its floor."""
    flags = FULL if state[ENERGY] >= bus[CEILING] * (1.0 - 1e-12) else 0
    if state[ENERGY] <= bus[FLOOR] * (1.0 + 1e-12) + 1e-9:
        flags |= EMPTY
    return flags


@njit(cache=True)
def advance_one(sat, until, grid, light, tables, state, clock, loads, radio_w):  # type: ignore[no-untyped-def]
    """Move satellite `sat` to `until`; `tables` is (which, *arrays of `Tables`). Returns flags."""
    which, faces, n_faces, panel_of, shade, shadow_of, coupling, nodes, bus, store, controls, n_controls, earth = tables
    d = which[sat]
    n = int(bus[d, NODES])
    panels = (faces[d], n_faces[d], panel_of[d], shade[shadow_of[d]])
    control = (controls[d], n_controls[d])
    design = (panels, coupling[d], nodes[d], bus[d], store[d], control, earth[sat])
    work, ledger = np.empty((2 * n + 10, n)), np.empty((2, CLASSES))
    flags = _run(clock[sat], until, grid, light[sat], design, state[sat], loads, radio_w, work, ledger)
    clock[sat] = max(clock[sat], until)
    return flags


@njit(cache=True, nogil=True)
def advance_fleet(until, grid, light, tables, state, clock, loads, radio_w, flags):  # type: ignore[no-untyped-def]
    """`advance_one` for every satellite, with `loads` (n_satellites, CLASSES, n_nodes) and `radio_w`
    (n_satellites,).
    """
    for sat in range(state.shape[0]):
        flags[sat] = advance_one(sat, until, grid, light, tables, state, clock, loads[sat], radio_w[sat])
