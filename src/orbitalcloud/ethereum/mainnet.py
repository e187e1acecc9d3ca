"""Ethereum mainnet as a `ChainConfig`, and the mainnet data that ships in the package.

Source of the constants: ethereum/consensus-specs v1.6.0-beta.0, configs/mainnet.yaml; the genesis validators root
and genesis time are those of mainnet's genesis state (eth-clients/mainnet).
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files

from orbitalcloud.core import DataError, Instant
from orbitalcloud.ethereum.forks import MAINNET_PRESET, ChainConfig, Fork, ForkEntry

CHAIN_ID = 1

MAINNET = ChainConfig(
    name="mainnet",
    preset=MAINNET_PRESET,
    genesis_validators_root=bytes.fromhex("4b363db94e286120d76eb905340fdd4e54bfe9f06bf33ff6cf5ad27f511bfe95"),
    genesis_time_s=1606824023,
    seconds_per_slot=12,
    schedule=(
        ForkEntry(Fork.ALTAIR, bytes.fromhex("01000000"), 74240),
        ForkEntry(Fork.BELLATRIX, bytes.fromhex("02000000"), 144896),
        ForkEntry(Fork.CAPELLA, bytes.fromhex("03000000"), 194048),
        ForkEntry(Fork.DENEB, bytes.fromhex("04000000"), 269568),
        ForkEntry(Fork.ELECTRA, bytes.fromhex("05000000"), 364032),
        ForkEntry(Fork.FULU, bytes.fromhex("06000000"), 411392),
    ),
)


@dataclass(frozen=True, slots=True)
class MainnetSequence:
    """Real mainnet objects that verify one after another: a trusted block root, its bootstrap, and what follows."""

    name: str
    checkpoint_root: bytes
    bootstrap: str
    updates: tuple[str, ...]

    def bootstrap_bytes(self) -> bytes:
        """Raw SSZ of the LightClientBootstrap."""
        return packaged(self.bootstrap)

    def update_bytes(self) -> tuple[bytes, ...]:
        """Raw SSZ of the updates, in order."""
        return tuple(packaged(name) for name in self.updates)


ELECTRA_CROSSING = MainnetSequence(
    "electra-crossing",
    bytes.fromhex("d9717ecc253684291f828688f311ba74d05af74c31654f6e14077669fca62f6a"),
    "bootstrap_1421_deneb.ssz",
    ("update_1421_deneb.ssz", "update_1422_electra.ssz"),
)
"""From slot 11640864 (2025-05-06, the last Deneb period) over the fork into Electra, with one committee rotation.

Genesis-1 flies with it.
"""

DENEB_RUN = MainnetSequence(
    "deneb-run",
    bytes.fromhex("46d52dc3db74df14187554fb7afd5cc4af4558e3c8ca185e409955d6ac148572"),
    "bootstrap_1392_deneb.ssz",
    tuple(f"update_{period}_deneb.ssz" for period in range(1392, 1396)),
)
"""From slot 11403296 (2025-04-03), four periods in a row: three committee rotations."""

FULU_HEAD = MainnetSequence(
    "fulu-head",
    bytes.fromhex("06b26eecbd0ea78e0cedc8972cd54344ad7515854354f145cf319059f2aa7ce2"),
    "bootstrap_1823_fulu.ssz",
    ("finality_update_1823_fulu.ssz",),
)
"""From slot 14934240 (2026-08-06): a Fulu bootstrap and a finality update of the same period."""

SEQUENCES = {sequence.name: sequence for sequence in (ELECTRA_CROSSING, DENEB_RUN, FULU_HEAD)}


def slot_at(at: Instant) -> int:
    """Mainnet's slot in progress at an instant."""
    return MAINNET.slot_at(at)


def packaged(name: str) -> bytes:
    """The bytes of a mainnet object in `data/ethereum/`, such as `update_1422_electra.ssz`."""
    place = files("orbitalcloud") / "data" / "ethereum" / name
    try:
        return place.read_bytes()
    except OSError:
        raise DataError("data/ethereum", name, "reinstall orbital-cloud: this file belongs to the package") from None
