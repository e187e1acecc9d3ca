"""SGP4 elements for any source, and elements as text: OMM (CCSDS 502.0-B-3) in JSON or KVN, and two lines.

Two-line elements and OMMs give their own. Anything else is flown (a design by its mean elements under the zonals) and
SGP4's elements, with a drag term where there is drag, are fitted to its positions by least squares (Gauss-Newton on
equinoctial elements; Vallado & Crawford 2008, AIAA 2008-6770). What SGP4 cannot follow is the rms that is stated.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sgp4.api import Satrec
from sgp4.exporter import export_omm, export_tle

from orbitalcloud.core.errors import DataError
from orbitalcloud.core.time import DAY, Instant, iso
from orbitalcloud.physics import equinoctial
from orbitalcloud.physics.constants import EARTH_MU_M3_S2
from orbitalcloud.physics.design import Design
from orbitalcloud.physics.forces import Ball, Forces
from orbitalcloud.physics.numerical import Numerical
from orbitalcloud.physics.omm import Omm
from orbitalcloud.physics.orbit import Orbits, Source, TwoLine, satrec
from orbitalcloud.physics.start import numerical

Floats = NDArray[np.float64]
PROVISIONAL = 90_000
"""Catalogue numbers above it are ours, of satellites that nobody has catalogued (analyst range of the catalogue)."""
_SAMPLES = 240
_STEPS = np.array([1.0, 1e-7, 1e-7, 1e-7, 1e-7, 1e-7, 1e-6])  # metres, elements, B* for the differences


@dataclass(frozen=True, slots=True)
class Fitted:
    """Elements, and how far SGP4 with them is from the source over the fit: 0 where they are its own."""

    elements: TwoLine | Omm
    rms_m: float
    span_ns: int


def fitted(source: Source, at: Instant, name: str = "", number: int = 0, span_ns: int = DAY) -> Fitted:
    """SGP4 elements of a source with their epoch at `at`, fitted over `span_ns` from there on.

    `DataError` where SGP4 finds none that stay within 100 km, as on an orbit that comes down.
    """
    if isinstance(source, TwoLine | Omm):
        return Fitted(source, 0.0, 0)
    flown = _flown(source, at) if isinstance(source, Design) else source
    times = at + np.linspace(0, span_ns, _SAMPLES).astype(np.int64)
    r, v = Orbits.of([flown], [name]).state_teme(times)
    sense, parameters = _first_guess(r[0], v[0], np.asarray((times - at) * 1e-9))
    make = _maker(at, sense, name or source.name, PROVISIONAL + number)
    used = 6 if isinstance(source, Design) else 7
    rms = math.inf
    for _ in range(20):
        here = _positions(make(parameters), times)
        gap = (r[0] - here).ravel()
        before, rms = rms, math.sqrt(float(gap @ gap) / len(times))
        if abs(before - rms) < 1e-4 * rms + 1e-3:
            break
        slopes = np.empty((len(gap), used))
        for k in range(used):
            moved = parameters.copy()
            moved[k] += _STEPS[k]
            slopes[:, k] = (_positions(make(moved), times) - here).ravel() / _STEPS[k]
        scale = np.linalg.norm(slopes, axis=0)
        parameters[:used] += np.linalg.lstsq(slopes / scale, gap, rcond=None)[0] / scale
    if not rms < 1e5:
        raise DataError(f"orbit {name}".strip(), f"an rms of {rms / 1e3:.0f} km", "SGP4 cannot follow this orbit")
    return Fitted(make(parameters), rms, span_ns)


def _flown(design: Design, at: Instant) -> Numerical:
    """A design under what SGP4 reckons with: Sun and Moon only where a turn takes more than 225 minutes."""
    slow = 2.0 * math.pi * math.sqrt(design.semi_major_axis_m**3 / EARTH_MU_M3_S2) > 225.0 * 60.0
    return numerical(design, at, Ball(1.0, 0.0), Forces(sun_and_moon=slow, sunlight=False))


def _first_guess(r: Floats, v: Floats, seconds: Floats) -> tuple[int, Floats]:
    """(sense, equinoctial elements at the first instant and B* = 0), by the mean of osculating ones over the span."""
    states = np.concatenate([r, v], axis=1)
    sense = equinoctial.sense_of(math.acos(np.cross(r[0], v[0])[2] / np.linalg.norm(np.cross(r[0], v[0]))))
    rows = equinoctial.of_states(states, sense)
    motion = math.sqrt(EARTH_MU_M3_S2 / rows[:, 0].mean() ** 3)
    away = (rows[:, 5] - motion * seconds + math.pi) % (2.0 * math.pi) - math.pi
    slope, start = np.polyfit(seconds, np.unwrap(away), 1)
    guess = np.zeros(7)
    guess[:6] = rows.mean(axis=0)
    guess[0] *= 1.0 - 2.0 / 3.0 * slope / motion
    guess[3:5] = [np.polyfit(seconds, rows[:, k], 1)[1] for k in (3, 4)]
    guess[5] = start
    return sense, guess


def _maker(at: Instant, sense: int, name: str, number: int) -> Callable[[Floats], Omm]:
    """Parameters (7,) to an `Omm`."""
    blank = Omm(name, "", number, at, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)

    def make(parameters: Floats) -> Omm:
        a, e, i, node, argp, mean = equinoctial.keplerian(parameters[None, :6], sense)[0].tolist()
        return replace(
            blank,
            mean_motion_rev_day=math.sqrt(EARTH_MU_M3_S2 / a**3) * 86400.0 / (2.0 * math.pi),
            eccentricity=min(e, 0.999),
            inclination_deg=math.degrees(i),
            raan_deg=math.degrees(node),
            argp_deg=math.degrees(argp),
            mean_anomaly_deg=math.degrees(mean),
            bstar=float(parameters[6]),
        )

    return make


def _positions(elements: Omm, times: NDArray[np.int64]) -> Floats:
    return np.asarray(Orbits.of([elements]).position_teme_m(times)[0])


# Text ---------------------------------------------------------------------------------------------------------------


def omm_fields(one: Fitted, name: str = "") -> dict[str, str | int | float]:
    """The keywords of an OMM in the standard's order, with CCSDS_OMM_VERS and who made it in front."""
    elements = one.elements
    fields = dict(export_omm(_record(elements), name or elements.name or "UNNAMED"))
    if isinstance(elements, Omm):
        fields["OBJECT_ID"] = elements.object_id or "UNKNOWN"
        fields["NORAD_CAT_ID"] = elements.catalogue_number
        fields["EPOCH"] = iso(elements.epoch, 9).removesuffix("Z")
    made = {"CCSDS_OMM_VERS": "3.0", "CREATION_DATE": str(fields["EPOCH"]), "ORIGINATOR": "ORBITAL-CLOUD"}
    if one.span_ns:
        hours = one.span_ns / DAY * 24.0
        made["COMMENT"] = f"fitted to {hours:g} h of the flown orbit, rms {one.rms_m:.0f} m"
    return {**made, **fields}


def _record(elements: TwoLine | Omm) -> Satrec:
    """SGP4's record with what a line also has: whose it is, and which set."""
    record = satrec(elements, elements.name)
    if isinstance(elements, Omm):
        record.classification, record.intldesg = "U", _designator(elements.object_id)
        record.ephtype, record.elnum, record.revnum = 0, 999, 0
    return record


def _designator(object_id: str) -> str:
    """`2024-012A` as two lines write it, 24012A; 00000A of what was never launched."""
    found = re.fullmatch(r"\d\d(\d\d)-(\d{3}[A-Z]{1,3})", object_id)
    return found[1] + found[2] if found else "00000A"


def omm_json(several: list[dict[str, str | int | float]]) -> str:
    """A list of OMMs in the keyword form of CelesTrak and Space-Track."""
    return json.dumps(several, indent=1, ensure_ascii=True, allow_nan=False) + "\n"


def omm_kvn(fields: dict[str, str | int | float]) -> str:
    """One OMM as keywords and values."""
    lines = [f"{key} = {value}" if key != "COMMENT" else f"COMMENT {value}" for key, value in fields.items()]
    return "\n".join(lines) + "\n"


def two_lines(one: Fitted) -> tuple[str, str]:
    """The two lines; rounded as that format must be (a few hundred metres)."""
    if isinstance(one.elements, TwoLine):
        return one.elements.line1, one.elements.line2
    first, second = export_tle(_record(one.elements))
    return first, second
