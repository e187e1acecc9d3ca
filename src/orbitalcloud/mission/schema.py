"""The mission file's JSON Schema, generated from the types, and the mission that `orbital init` writes to start from.

Editors that know Taplo or Even Better TOML read the schema through the first line of a mission, `#:schema FILE`.
"""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

from orbitalcloud.core import DataError
from orbitalcloud.mission.types import Mission

SCHEMA_NAME = "mission.schema.json"
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,47}")


def schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of a mission file."""
    made = msgspec.json.schema(Mission)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Orbital Cloud mission",
        **made,
    }


def schema_text() -> str:
    """The schema as the text of a file."""
    return json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"


def init_text(name: str) -> str:
    """A commented mission to start from, called `name`; `DataError` if it cannot be a mission's name."""
    if not _NAME.fullmatch(name):
        raise DataError("name", name, "use lower-case letters, digits and hyphens, at most 48, such as my-mission")
    return _STARTER.replace("NAME", name)


_STARTER = """\
#:schema ./mission.schema.json
# NAME: one satellite, two stations, one job. Change what you like, then: orbital check NAME.toml

name  = "NAME"
epoch = 2026-03-20T12:00:00Z        # UTC, or with its offset
days  = 1
seed  = 1                           # same file, same seed: same flight, to the bit

[[satellite]]
name = "NAME-1"
bus  = "cubesat-12u-edge"           # also: cubesat-6u-observer, microsat-150kg, compute-60kg-gpu
reserve = 0.3                       # no job below this state of charge
orbit = { altitude_km = 550, inclination = "sun-synchronous", ltan = "10:30" }
# or from elements:     tle = ["1 25544U …", "2 25544 …"]     or     omm = "my-satellite.xml"
# or a constellation:   walker = { total = 12, planes = 3, phasing = 1, inclination_deg = 53, altitude_km = 550 }
# change the bus:       accelerator = "jetson-orin-nx-16gb"
#                       array = { area_m2 = 0.4 }
#                       battery = { capacity_wh = 120 }
#                       heat.payload.hot_limit_c = 55

[[station]]
name = "svalbard"
site = "svalbard"                   # a catalogue site; its values can be overridden here

[[station]]
name = "my-roof"
latitude_deg = 47.4
longitude_deg = 8.5
height_m = 450
mask_deg = 10
jurisdiction = "CH"

[[link]]                            # a name of a node in place of "satellite" or "station" narrows it
between = ["satellite", "station"]
radio = "s-band-duplex"             # also: x-band-downlink, uhf; or band, up_kbps and down_kbps of your own

[[link]]
between = ["station", "station"]
radio = "fibre"

[[job]]
name = "cloud-mask"
artefact = "workload:cloud-mask"    # also: water-map, protein-fitness; or a file: "my-model.onnx", "my-program.wasm"
every = "orbit"                     # or every_min = 30, or at_h = [1, 2.5]
submit_at = "on-board"              # or a station: then its input goes up and its result comes down
deadline_min = 300

[[fault]]                           # also: frame-loss, station-outage, blocks-transactions, lying-station,
                                    # array-string-loss, tampered-update, tampered-bundle
kind = "reboot"
at_h = 6.5
target = "NAME-1"
"""
