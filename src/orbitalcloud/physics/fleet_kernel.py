"""Power and heat of a block of satellites of one design, a step at a time: what a fleet's day is made of.

A block is LANES satellites. All that one needs stands in one flat buffer `w`, row after row (`fleet_light` says why),
so each loop over the lanes becomes vector instructions without a branch, and only sums and extremes leave it. In a
step:

1. heat from outside: Earth infrared and albedo on the body's faces from the block's constants, sunlight by direction
   (two opposite faces of a node are one row: a·c + b·|c| with c the cosine), panels that follow the Sun by theirs;
2. the array's power by its temperature, and the bus: `battery.bus_step` with limits in place of branches;
3. temperatures by a semi-implicit step of second order: conduction and exchange between nodes at mid-step,
   extrapolated from the last two steps (Adams–Bashforth), a node's own emission linearised there:

       C (T' − T) / h = source + exchange − K (T⁴ + 4 T³ θ (T' − T)),   θ = max(1/2, 1 − 1/z),   z = 4 K T³ h / C

   θ = 1/2 is the midpoint rule, second order; past z = 2 it is what Liniger & Willoughby 1970 (doi 10.1137/0707002)
   fit so that a stiff node goes to its equilibrium and not past it. What one node gives another gets, to rounding.
   A design whose exchange or emission is quick for the step is divided into `parts`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from numba import njit
from numba.np.unsafe.ndarray import to_fixed_tuple

from orbitalcloud.physics.array import REFERENCE_TEMPERATURE_K
from orbitalcloud.physics.fleet_light import CHUNK, LANES, LIT, PLACE, ROW, SAFE, SUN_X, SUN_Y, SUN_Z, designed_light

MOST_NODES = 8
EVEN_TERMS = 7
"""Coefficients of the even part of the Earth's view factor, a polynomial in the squared cosine to nadir."""

# Rows of a block
ENERGY, GENERATED, LOAD, LOSSES, CURTAILED, UNSERVED, SUNLIT, RUN, LONGEST, LOWEST, HIGHEST = range(0, 11 * ROW, ROW)
ASKED, ONE_OVER_ASKED, RAW, DIRECT, DAY, ODD, ODD_RISE, GAIN, ACROSS, NADIR = range(11 * ROW, 21 * ROW, ROW)
(
    TEMPERATURE,
    BEFORE,
    HOTTEST,
    COLDEST,
    SOURCE,
    MIDWAY,
    LOADS,
    STEADY,
    STEADY_RISE,
    ALBEDO,
    ALBEDO_RISE,
    EVEN,
    EVEN_RISE,
) = range(21 * ROW, 21 * ROW + 13 * MOST_NODES * ROW, MOST_NODES * ROW)
BLOCK_SIZE = 21 * ROW + 13 * MOST_NODES * ROW

# Numbers of a design's bus
(
    FLOOR,
    CEILING,
    CHARGE_EFFICIENCY,
    DISCHARGE_EFFICIENCY,
    MOST_CHARGE,
    MOST_DISCHARGE,
    COEFFICIENT,
    ALBEDO_SHARE,
    INFRARED,
) = range(9)
# Columns of the rows by direction: axis, absorbed watts per W/m² as a·c + b·|c|, cell watts per W/m² at c > 0
AXIS_X, AXIS_Y, AXIS_Z, EVENLY, BOTH_SIDES, CELLS, GLASS, AT_NODE = range(8)
# Columns of panels that follow the Sun: axis (0 where two-axis), sunlight, Earth's heat by sum and difference of sides
SUN_AREA, INFRARED_SUM, INFRARED_DIFFERENCE, ALBEDO_SUM, ALBEDO_DIFFERENCE, ONE_AXIS = 8, 9, 10, 11, 12, 13
COLUMNS = 14


@njit(cache=True, error_model="numpy", fastmath=SAFE)
def _cover(cosine, index):  # type: ignore[no-untyped-def]
    """`array.cover_transmission` for a positive cosine and an index above 1."""
    inner = (1.0 - (1.0 - cosine * cosine) / (index * index)) ** 0.5
    across = (cosine - index * inner) / (cosine + index * inner)
    along = (index * cosine - inner) / (index * cosine + inner)
    head_on = (index - 1.0) / (index + 1.0)
    return (1.0 - 0.5 * (across * across + along * along)) / (1.0 - head_on * head_on)


@njit(cache=True, error_model="numpy", fastmath=SAFE)
def _outside(w, light, k, nodes, flux, albedo, varied):  # type: ignore[no-untyped-def]
    """Sunlight of the step, and what each node has from loads and Earth before any direction counts."""
    for lane in range(LANES):
        w[DIRECT + lane] = flux * light[k, LIT + lane]
        w[DAY + lane] = max(0.0, -light[k, SUN_Z + lane]) * albedo * flux
        w[RAW + lane] = 0.0
    for i in range(nodes):
        row = i * ROW
        if varied:
            for lane in range(LANES):
                place = light[k, PLACE + lane]
                steady = w[STEADY + row + lane] + place * w[STEADY_RISE + row + lane]
                share = w[ALBEDO + row + lane] + place * w[ALBEDO_RISE + row + lane]
                w[SOURCE + row + lane] = w[LOADS + row + lane] + steady + w[DAY + lane] * share
        else:
            for lane in range(LANES):
                steady = w[LOADS + row + lane] + w[STEADY + row + lane]
                w[SOURCE + row + lane] = steady + w[DAY + lane] * w[ALBEDO + row + lane]


@njit(cache=True, error_model="numpy", fastmath=SAFE)
def _fixed(w, light, k, faces, f):  # type: ignore[no-untyped-def]
    """Sunlight on a pair of opposite faces of the body, at one node, and on the cells of the first."""
    x, y, z = faces[f, AXIS_X], faces[f, AXIS_Y], faces[f, AXIS_Z]
    a, b = faces[f, EVENLY], faces[f, BOTH_SIDES]
    for lane in range(LANES):
        c = x * light[k, SUN_X + lane] + y * light[k, SUN_Y + lane] + z * light[k, SUN_Z + lane]
        w[GAIN + lane] += w[DIRECT + lane] * (a * c + b * abs(c))
    cells, index = faces[f, CELLS], faces[f, GLASS]
    if cells > 0.0:
        for lane in range(LANES):
            c = x * light[k, SUN_X + lane] + y * light[k, SUN_Y + lane] + z * light[k, SUN_Z + lane]
            seen = _cover(max(1e-9, c), index) if index > 1.0 else 1.0
            w[RAW + lane] += w[DIRECT + lane] * cells * max(0.0, c) * seen


@njit(cache=True, error_model="numpy", fastmath=SAFE)
def _turned(w, light, k, panels, f):  # type: ignore[no-untyped-def]
    """Rows ACROSS and NADIR of panels that follow the Sun: cosines of their normal to the Sun and to nadir."""
    if panels[f, ONE_AXIS] == 0.0:
        for lane in range(LANES):
            w[ACROSS + lane] = 1.0
            w[NADIR + lane] = light[k, SUN_Z + lane]
        return
    x, y, z = panels[f, AXIS_X], panels[f, AXIS_Y], panels[f, AXIS_Z]
    for lane in range(LANES):
        c = light[k, SUN_Z + lane]
        along = x * light[k, SUN_X + lane] + y * light[k, SUN_Y + lane] + z * c
        across = max(1e-30, 1.0 - along * along) ** 0.5
        w[ACROSS + lane] = across
        w[NADIR + lane] = min(1.0, max(-1.0, (c - along * z) / across))


@njit(cache=True, error_model="numpy", fastmath=SAFE)
def _following(w, light, k, panels, f, infrared, varied):  # type: ignore[no-untyped-def]
    """Sunlight, albedo and Earth infrared on panels that follow the Sun, about one axis or two.

    The view factor of a plate at cosine c to nadir is even(c) + c/(2 a²): its odd part is Gauss's theorem, the even
    one a polynomial in c² made for this radius.
    """
    cells, index, sunlit = panels[f, CELLS], panels[f, GLASS], panels[f, SUN_AREA]
    warm, warmer = infrared * panels[f, INFRARED_SUM], infrared * panels[f, INFRARED_DIFFERENCE]
    bright, brighter = panels[f, ALBEDO_SUM], panels[f, ALBEDO_DIFFERENCE]
    _turned(w, light, k, panels, f)
    for lane in range(LANES):
        c = w[NADIR + lane]
        c2 = c * c
        even, odd = w[EVEN + (EVEN_TERMS - 1) * ROW + lane], w[ODD + lane] * c
        for term in range(EVEN_TERMS - 2, -1, -1):
            even = even * c2 + w[EVEN + term * ROW + lane]
        day, direct = w[DAY + lane], w[DIRECT + lane] * w[ACROSS + lane]
        w[GAIN + lane] += sunlit * direct + even * (warm + bright * day) + odd * (warmer + brighter * day)
        w[RAW + lane] += cells * direct
    if index > 1.0:
        for lane in range(LANES):
            across = w[ACROSS + lane]
            w[RAW + lane] += cells * w[DIRECT + lane] * across * (_cover(across, index) - 1.0)
    if varied:
        for lane in range(LANES):
            c = w[NADIR + lane]
            c2 = c * c
            even, odd = w[EVEN_RISE + (EVEN_TERMS - 1) * ROW + lane], w[ODD_RISE + lane] * c
            for term in range(EVEN_TERMS - 2, -1, -1):
                even = even * c2 + w[EVEN_RISE + term * ROW + lane]
            day = w[DAY + lane]
            w[GAIN + lane] += light[k, PLACE + lane] * (even * (warm + bright * day) + odd * (warmer + brighter * day))


@njit(cache=True, error_model="numpy", fastmath=SAFE)
def _bus(w, light, k, bus, array_node, battery_node, inverse, step):  # type: ignore[no-untyped-def]
    """The array's power and the battery; heat of what is delivered, lost or unserved goes to or from its node, and all
    of it over capacity (`inverse`, 1/(J/K)) into SOURCE, K/s."""
    floor, ceiling, into, out = bus[FLOOR], bus[CEILING], bus[CHARGE_EFFICIENCY], bus[DISCHARGE_EFFICIENCY]
    most_charge, most_discharge, coefficient = bus[MOST_CHARGE], bus[MOST_DISCHARGE], bus[COEFFICIENT]
    fills, drains, costs = 1.0 / (into * step), out / step, 1.0 / out
    # `& 7` changes nothing and tells the compiler that no index is negative
    array, battery = (array_node & 7) * ROW, (battery_node & 7) * ROW
    # A row that is known only now stands alone in its loop: more would need too many checks to become vectors
    for lane in range(LANES):
        w[GAIN + lane] = w[TEMPERATURE + array + lane]
    for lane in range(LANES):
        warm = 1.0 + coefficient * (w[GAIN + lane] - REFERENCE_TEMPERATURE_K)
        offered = w[RAW + lane] * max(0.0, warm)
        asked, energy = w[ASKED + lane], w[ENERGY + lane]
        surplus, lack = max(0.0, offered - asked), max(0.0, asked - offered)
        taken = min(surplus, min(most_charge, max(0.0, ceiling - energy) * fills))
        given = min(lack, min(most_discharge, max(0.0, energy - floor) * drains))
        lost = taken * (1.0 - into) + given * (costs - 1.0)
        curtailed, unserved = surplus - taken, lack - given
        energy += (taken * into - given * costs) * step
        w[ENERGY + lane] = energy
        w[LOWEST + lane] = min(w[LOWEST + lane], energy)
        w[HIGHEST + lane] = max(w[HIGHEST + lane], energy)
        w[GENERATED + lane] += offered * step
        w[LOAD + lane] += (asked - unserved) * step
        w[LOSSES + lane] += lost * step
        w[CURTAILED + lane] += curtailed * step
        w[UNSERVED + lane] += unserved * step
        dark = (1.0 - light[k, LIT + lane]) * step
        run = w[RUN + lane] + dark if dark > 0.0 else 0.0
        w[SUNLIT + lane] += step - dark
        w[RUN + lane] = run
        w[LONGEST + lane] = max(w[LONGEST + lane], run)
        w[RAW + lane] = unserved * w[ONE_OVER_ASKED + lane]
        w[DIRECT + lane] = lost
        w[DAY + lane] = offered - curtailed
    for lane in range(LANES):
        w[SOURCE + battery + lane] += w[DIRECT + lane]
    for lane in range(LANES):
        w[SOURCE + array + lane] -= w[DAY + lane]
    for i in range(inverse.shape[0]):
        row, scale = i * ROW, inverse[i]
        for lane in range(LANES):
            w[SOURCE + row + lane] = scale * (w[SOURCE + row + lane] - w[RAW + lane] * w[LOADS + row + lane])


@njit(cache=True, error_model="numpy", fastmath=SAFE)
def _surroundings(  # type: ignore[no-untyped-def]
    w, light, k, flux, bus, fixed, following, starts, array_node, battery_node, inverse, varied, step
):
    """Everything of step k but the temperatures. No view of an array is made here, nor a tuple unpacked: counting their
    references would cost as much as the arithmetic."""
    _outside(w, light, k, inverse.shape[0], flux, bus[ALBEDO_SHARE], varied)
    for i in range(inverse.shape[0]):
        if starts[0, i] == starts[0, i + 1] and starts[1, i] == starts[1, i + 1]:
            continue
        for lane in range(LANES):
            w[GAIN + lane] = 0.0
        for face in range(starts[0, i], starts[0, i + 1]):
            _fixed(w, light, k, fixed, face)
        for panel in range(starts[1, i], starts[1, i + 1]):
            _following(w, light, k, following, panel, bus[INFRARED], varied)
        for lane in range(LANES):
            w[SOURCE + (i & 7) * ROW + lane] += w[GAIN + lane]
    _bus(w, light, k, bus, array_node, battery_node, inverse, step)


@njit(cache=True)
def _note(w, nodes, row, charge, temperature):  # type: ignore[no-untyped-def]
    """Enter the state of all lanes as row `row` of the traces."""
    for lane in range(LANES):
        charge[row, lane] = w[ENERGY + lane]
        for i in range(nodes):
            temperature[row, i, lane] = w[TEMPERATURE + i * ROW + lane]


@lru_cache(maxsize=2 * MOST_NODES)
def flight_of(nodes: int, linked: bool) -> Callable[..., None]:
    """The compiled flight of a block with this many nodes, which the compiler unrolls; `linked` where nodes radiate to
    each other.

    `fly(w, orbits, suns, scratch, light, varied, irradiance, begin, step, tables, network, every, done, charge,
    temperature)` flies `len(irradiance)` steps from `begin` s into the span. With `orbits` the light is made there,
    CHUNK steps at a time in `light` (CHUNK, LIGHT_SIZE), `suns` (chunks + 1, 4) standing at the chunks' ends; with an
    empty `orbits`, `light` (steps, LIGHT_SIZE) is given. `every` is the steps between two rows of the traces, 0 for
    none; `done` those counted before this call. Only whole numbers are bound here: numba keeps such a kernel on disk,
    and would compile one that binds another kernel anew in each process.
    """
    n, couplings, radiates = nodes, nodes * nodes, linked

    @njit(cache=True, error_model="numpy", fastmath=SAFE)
    def fly(  # type: ignore[no-untyped-def]
        w,
        orbits,
        suns,
        scratch,
        light,
        varied,
        irradiance,
        begin,
        step,
        tables,
        network,
        every,
        done,
        charge,
        temperature,
    ):
        bus, fixed, following, starts, array_node, battery_node = tables
        inverse, between, beside, emitted, parts = network
        # tuples, since numbers in them cannot overlap with w
        conduction = to_fixed_tuple(between.ravel(), couplings)
        exchange, emission = to_fixed_tuple(beside.ravel(), couplings), to_fixed_tuple(emitted, n)
        seconds, steps, designed = step / parts, irradiance.shape[0], orbits.shape[0] > 0
        for first in range(0, steps, CHUNK):
            count, row = min(CHUNK, steps - first), first
            if designed:
                sun, after_sun, row = suns[first // CHUNK], suns[first // CHUNK + 1], 0
                designed_light(orbits, begin + first * step, step, count, sun, after_sun, scratch, light)
            for k in range(count):
                _surroundings(
                    w,
                    light,
                    row + k,
                    irradiance[first + k],
                    bus,
                    fixed,
                    following,
                    starts,
                    array_node,
                    battery_node,
                    inverse,
                    varied,
                    step,
                )
                for _ in range(parts):
                    for lane in range(LANES):
                        for i in range(n):
                            t = w[TEMPERATURE + i * ROW + lane]
                            w[MIDWAY + i * ROW + lane] = 1.5 * t - 0.5 * w[BEFORE + i * ROW + lane]
                        for i in range(n):
                            t = w[TEMPERATURE + i * ROW + lane]
                            t3 = emission[i] * t * t * t
                            rate = w[SOURCE + i * ROW + lane] - t3 * t
                            for j in range(n):
                                rate += conduction[i * n + j] * w[MIDWAY + j * ROW + lane]
                            if radiates:
                                for j in range(n):
                                    u = w[MIDWAY + j * ROW + lane]
                                    u2 = u * u
                                    rate += exchange[i * n + j] * u2 * u2
                            z = 4.0 * t3 * seconds
                            after = t + seconds * rate / (1.0 + max(0.5 * z, z - 1.0))
                            w[BEFORE + i * ROW + lane] = t
                            w[TEMPERATURE + i * ROW + lane] = after
                            w[HOTTEST + i * ROW + lane] = max(w[HOTTEST + i * ROW + lane], after)
                            w[COLDEST + i * ROW + lane] = min(w[COLDEST + i * ROW + lane], after)
                far = done + first + k + 1
                if every > 0 and far % every == 0:
                    _note(w, n, far // every - 1, charge, temperature)

    return fly  # type: ignore[no-any-return]
