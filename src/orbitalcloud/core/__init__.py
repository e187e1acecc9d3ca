"""What every other package stands on: time, names, contacts, records, seeds, encodings and errors.

Nothing here knows about orbits, bundles, chains or models. It imports no clock and no randomness: an
`Instant` is given, a `Seed` is given. Exports are the names below; imports are the standard library,
`msgspec` and `cryptography` only.
"""

from orbitalcloud.core.contact import Contact
from orbitalcloud.core.encoding import canonical_json, canonical_pack, digest_of, from_hex, to_hex
from orbitalcloud.core.errors import (
    DataError,
    Interrupted,
    LocalProtocolError,
    MissionError,
    OrbitalError,
    ProtocolError,
    Refused,
    RemoteProtocolError,
    Unreachable,
)
from orbitalcloud.core.log import Log, read_log
from orbitalcloud.core.seed import Seed
from orbitalcloud.core.time import DAY, HOUR, MICROSECOND, MILLISECOND, MINUTE, SECOND, Instant, iso, parse_instant
from orbitalcloud.core.why import Why

__all__ = [
    "DAY",
    "HOUR",
    "MICROSECOND",
    "MILLISECOND",
    "MINUTE",
    "SECOND",
    "Contact",
    "DataError",
    "Instant",
    "Interrupted",
    "LocalProtocolError",
    "Log",
    "MissionError",
    "OrbitalError",
    "ProtocolError",
    "Refused",
    "RemoteProtocolError",
    "Seed",
    "Unreachable",
    "Why",
    "canonical_json",
    "canonical_pack",
    "digest_of",
    "from_hex",
    "iso",
    "parse_instant",
    "read_log",
    "to_hex",
]
