"""Missions that tests fly: small, quick, and written out so that a test can change one line."""

from __future__ import annotations

from orbitalcloud.mission import loads

SMALL = """
name = "small"
epoch = 2026-03-20T12:00:00Z
days = 0.3
seed = 7
telemetry_s = 60

[[satellite]]
name = "sat"
bus = "cubesat-12u-edge"
reserve = 0.35
orbit = { altitude_km = 547, inclination = "sun-synchronous", ltan = "10:30" }

[[station]]
name = "svalbard"
site = "svalbard"

[[station]]
name = "inuvik"
site = "inuvik"

[[link]]
between = ["satellite", "station"]
radio = "s-band-duplex"

[[link]]
between = ["station", "station"]
radio = "fibre"

[[job]]
name = "water-map"
artefact = "workload:water-map"
at_h = [0.2, 3]
submit_at = "svalbard"
deadline_min = 400

[[job]]
name = "protein"
artefact = "workload:protein-fitness"
every = "orbit"
submit_at = "on-board"
deadline_min = 120
"""

ETHEREUM = """
[ethereum]
checkpoint = "0xd9717ecc253684291f828688f311ba74d05af74c31654f6e14077669fca62f6a"
bootstrap = "packaged:ethereum/bootstrap_1421_deneb.ssz"
updates = [
  { at_h = 0.1, file = "packaged:ethereum/update_1421_deneb.ssz", station = "svalbard" },
  { at_h = 2.5, file = "packaged:ethereum/update_1422_electra.ssz", station = "svalbard" },
]
chain = "in-process"
chain_id = 31337
funded_eth = 1.0

[[payment]]
at_h = 0.2
satellite = "sat"
station = "inuvik"
to = "0x000000000000000000000000000000000000dEaD"
value_gwei = 10_000_000
max_fee_gwei = 20
priority_fee_gwei = 1
"""

TAMPERED = """
[[fault]]
kind = "tampered-update"
at_h = 1
target = "sat"
station = "svalbard"
file = "packaged:ethereum/update_1422_electra.ssz"
byte = 25_150
"""

LYING = """
[[fault]]
kind = "lying-station"
at_h = 0
target = "inuvik"
duration_min = 60
lie = "LIE"
"""

REBOOTS = """
[[fault]]
kind = "reboot"
at_h = 0.31
target = "sat"

[[fault]]
kind = "reboot"
at_h = 1.93
target = "sat"

[[fault]]
kind = "reboot"
at_h = 3.6
target = "svalbard"
"""


def load_text(text: str):
    """A mission from its text."""
    return loads(text.encode(), "test.toml", ".")
