"""Numeric validation cases of budgets through passes: somebody else's number, ours, and how far apart they may be."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from orbitalcloud.core import DAY, HOUR, Instant, parse_instant
from orbitalcloud.core.contact import Contact
from orbitalcloud.physics import GroundSite, Orbits, TwoLine, contact_windows, sun_synchronous
from orbitalcloud.physics.link import (
    RadioLink,
    carrier_to_noise_dbhz,
    dish_gain_dbi,
    doppler_hz,
    free_space_loss_db,
    pass_profile,
)
from orbitalcloud.physics.link_coding import DVB_S2
from orbitalcloud.physics.weather import CLOUD_BETA, CLOUD_SHARE
from validation import row

EPOCH = parse_instant("2026-03-20T00:00:00Z")
ISS = TwoLine(
    "1 25544U 98067A   26079.50000000  .00016717  00000-0  10270-3 0  9006",
    "2 25544  51.6400 208.9163 0006317  69.9862  25.2906 15.54225995000016",
)
ROME = GroundSite(math.radians(41.9), math.radians(12.49), 50.0, 0.0, "rome")
SVALBARD = GroundSite(math.radians(78.2298), math.radians(15.4078), 450.0, math.radians(5.0), "svalbard")

S_BAND = RadioLink(
    name="primary user",
    band="s",
    frequency_hz=2.2e9,
    transmit_w=1.0,
    transmit_gain_dbi=8.3,
    receive_gain_dbi=dish_gain_dbi(5.0, 2.2e9, 0.5),
    system_temperature_k=130.0,
    symbol_rates_baud=(3.4e6,),
    coding="ccsds",
    pointing_loss_db=10.0,
)
"""Table 1 of the paper below: 38.3 dBm EIRP, a dish of 5 m at 50 %, 130 K, 10 dB of depointing."""
S_RANGE_M = 10.0 ** ((162.2 - float(free_space_loss_db(1.0, 2.2e9))) / 20.0)


def _largest_shift_hz(frequency_hz: float) -> float:
    orbits = Orbits.of([ISS])
    windows = contact_windows(orbits, [ROME], EPOCH, Instant(EPOCH + DAY))
    window = max(windows, key=lambda one: one.max_elevation_rad)
    return float(np.abs(doppler_hz(pass_profile(orbits, window, ROME, 1.0).range_rate_m_s, frequency_hz)).max())


def _passes_a_day() -> float:
    orbits = Orbits.of([sun_synchronous(786e3, 22.5, EPOCH)])
    return len(contact_windows(orbits, [SVALBARD], EPOCH, Instant(EPOCH + 10 * DAY))) / 10.0


def _hours_of_contact(size_bytes: int, rate_bps: int) -> float:
    endless = Contact("ground", "satellite", Instant(0), Instant(100 * HOUR), rate_bps, "s")
    return endless.serialisation_ns(size_bytes) / HOUR


def _code(name: str) -> float:
    return next(code.bits_per_symbol for code in DVB_S2 if code.name == name)


def _cloud_variance() -> float:
    """Of P.1853's two filtered noises, which share their source."""
    (a, b), (p, q) = CLOUD_BETA, CLOUD_SHARE
    return p * p + q * q + 2.0 * p * q * 2.0 * math.sqrt(a * b) / (a + b)


EURASIP = "EURASIP J. Wireless Commun. 2020, doi 10.1186/s13638-020-01674-9, table 1"
CASES: list[dict[str, Any]] = [
    row(
        "S-band budget", EURASIP, "gain of 5 m at 50 %, 2.2 GHz", "dBi", 38.2, 0.05, lambda: S_BAND.receive_gain_dbi, ""
    ),
    row(
        "S-band budget",
        EURASIP,
        "C/N0",
        "dB Hz",
        81.8,
        0.1,
        lambda: float(carrier_to_noise_dbhz(0.5, S_RANGE_M, None, S_BAND)),
        "Sum of its rounded lines; no air in it",
    ),
    row(
        "S-band budget",
        EURASIP,
        "Eb/N0 at 3.4 Mbit/s",
        "dB",
        16.5,
        0.1,
        lambda: float(carrier_to_noise_dbhz(0.5, S_RANGE_M, None, S_BAND)) - 10.0 * math.log10(3.4e6),
        "",
    ),
    *(
        row(
            "DVB-S2 useful rates",
            "ETSI EN 302 307-1, annex H, table H.1",
            f"{name} at {mbaud} Mbaud",
            "Mbit/s",
            theirs,
            0.05 if theirs != round(theirs) else 0.5,
            lambda name=name, mbaud=mbaud: mbaud * _code(name),
            "Symbol rate times bits a symbol of our table",
        )
        for name, mbaud, theirs in (("QPSK 3/4", 30.9, 46.0), ("8PSK 2/3", 29.7, 58.8))
    ),
    row(
        "Doppler of the ISS",
        "ARISS, tips on Doppler during a contact (qsl.net/dg7ro)",
        "shift at the pass's begin, 145.995 MHz",
        "kHz",
        3.5,
        0.15,
        lambda: _largest_shift_hz(145.995e6) / 1e3,
        "About 3.5: half its digit, and ±0.1 by the direction in which the Earth turns",
    ),
    row(
        "Doppler of the ISS",
        "PD0RKC, ISS cross-band repeater (qsl.net/pd0rkc)",
        "ratio of the shifts at 435.8 and 145.8 MHz",
        "",
        3.0,
        0.05,
        lambda: _largest_shift_hz(435.8e6) / _largest_shift_hz(145.8e6),
        "Three times more",
    ),
    row(
        "passes of Sentinel-2's orbit",
        "14.3 orbits a day (ESA, Sentinel-2: 143 orbits in 10 days); Svalbard sees every one",
        "passes a day over Svalbard",
        "",
        14.3,
        0.1,
        _passes_a_day,
        "A pass at either end of the ten days may fall outside",
    ),
    row(
        "BUPT-1's uplink",
        "arXiv 2608.21034 (PEERS.md, case 11, second-hand)",
        "0.96 GB at 200 kbit/s",
        "h",
        10.7,
        0.05,
        lambda: _hours_of_contact(960_000_000, 200_000),
        "10.67 h: through a contact, frame by frame, it is the same",
    ),
    row(
        "weather in time",
        "ITU-R P.1853-1: the clouds' process is a standard normal one",
        "variance of the two filtered noises",
        "",
        1.0,
        0.001,
        _cloud_variance,
        "Their constants have three digits",
    ),
]
