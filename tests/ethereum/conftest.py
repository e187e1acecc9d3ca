"""Vectors for the Ethereum tests: two archives, read once in memory, and the cases that they parametrise."""

from __future__ import annotations

import io
import json
import lzma
import tarfile
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

import cramjam
import pytest
import yaml

from orbitalcloud.ethereum import MAINNET, MINIMAL_PRESET, ChainConfig, Fork, ForkEntry, LightClient, MainnetSequence
from orbitalcloud.ethereum.forks import FAR_FUTURE_EPOCH, fork_digest

DATA = Path(__file__).parents[1] / "data" / "ethereum"
YAML = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@lru_cache(maxsize=2)
def archive(name: str) -> dict[str, bytes]:
    """Every file of `tests/data/ethereum/NAME.tar.xz` by its path."""
    raw = lzma.decompress((DATA / f"{name}.tar.xz").read_bytes())
    with tarfile.open(fileobj=io.BytesIO(raw)) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar if member.isfile()}  # type: ignore[union-attr]


class Case:
    """The files of one official test case."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.fork = Fork[folder.split("/")[2].upper()]

    def yaml(self, name: str) -> Any:
        return yaml.load(archive("spec")[f"{self.folder}/{name}.yaml"].decode(), Loader=_TextLoader)

    def ssz(self, name: str) -> bytes:
        return bytes(cramjam.snappy.decompress_raw(archive("spec")[f"{self.folder}/{name}.ssz_snappy"]))

    def config(self) -> ChainConfig:
        values, root = self.yaml("config"), self.yaml("meta")["genesis_validators_root"]
        schedule = tuple(
            ForkEntry(fork, hexed(values[f"{fork.name}_FORK_VERSION"]), int(values[f"{fork.name}_FORK_EPOCH"]))
            for fork in Fork
            if f"{fork.name}_FORK_VERSION" in values
        )
        return ChainConfig("minimal", MINIMAL_PRESET, hexed(root), 0, 6, schedule)

    def forks_by_digest(self, config: ChainConfig) -> dict[bytes, Fork]:
        """Which fork a wire digest names on this chain."""
        values, root = self.yaml("config"), config.genesis_validators_root
        found = {fork_digest(entry.version, root): entry.fork for entry in config.schedule if entry.fork < Fork.FULU}
        limits = [(item["EPOCH"], item["MAX_BLOBS_PER_BLOCK"]) for item in values.get("BLOB_SCHEDULE", [])]
        limits.append(
            (values.get("ELECTRA_FORK_EPOCH", FAR_FUTURE_EPOCH), values.get("MAX_BLOBS_PER_BLOCK_ELECTRA", 9))
        )
        for entry in config.schedule:
            if entry.fork is Fork.FULU:
                blobs = [(int(epoch), int(most)) for epoch, most in limits]
                found |= {fork_digest(entry.version, root, each): Fork.FULU for each in blobs}
        return found


class _TextLoader(YAML):  # type: ignore[misc,valid-type]
    """YAML whose scalars stay text: fork versions look like integers otherwise."""


_TextLoader.yaml_implicit_resolvers = {}


def hexed(text: str) -> bytes:
    """Bytes of 0x…"""
    return bytes.fromhex(text.removeprefix("0x"))


def folders(part: str) -> list[str]:
    """Folders of official cases whose path has `part` in it."""
    return sorted({str(PurePosixPath(name).parent) for name in archive("spec") if part in name})


def bls_cases(family: str) -> list[str]:
    """Files of one BLS family."""
    return sorted(name for name in archive("spec") if name.startswith(f"bls/{family}/"))


_CONSENSUS = {
    "sync_case": "/light_client/sync/",
    "ranking_case": "/update_ranking/",
    "merkle_case": "/single_merkle_proof/",
    "eth_bls_case": "/eth_fast_aggregate_verify/",
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test per official case: by fixture name, or `bls_case` with the family in the test's own name."""
    for fixture, part in _CONSENSUS.items():
        if fixture in metafunc.fixturenames:
            places = folders(part)
            assert places, f"no official cases for {fixture}"
            ids = [f"{place.split('/')[2]}-{place.rsplit('/', 1)[1]}" for place in places]
            metafunc.parametrize(fixture, [Case(place) for place in places], ids=ids)
    if "bls_case" in metafunc.fixturenames:
        family = metafunc.function.__name__.removeprefix("test_bls_")
        names = bls_cases(family)
        assert names, f"no official cases for {family}"
        cases = [json.loads(archive("spec")[name]) for name in names]
        metafunc.parametrize("bls_case", cases, ids=[PurePosixPath(name).stem[:60] for name in names])


@pytest.fixture(scope="session")
def mainnet_files() -> dict[str, bytes]:
    """Real mainnet objects by name: `updates/1379_deneb.ssz`, `bootstraps/…`, `index.json`."""
    return archive("mainnet")


@pytest.fixture(scope="session")
def mainnet_index(mainnet_files: dict[str, bytes]) -> list[dict[str, Any]]:
    """What the collectors say of each object: slots, period, fork, digest, participants."""
    return json.loads(mainnet_files["index.json"])


@pytest.fixture(scope="session")
def bip39_vectors() -> list[list[str]]:
    """[entropy, words, seed with passphrase TREZOR, BIP-32 root key], English."""
    return json.loads(archive("spec")["wallet/bip39_trezor_vectors.json"])["english"]


def start(sequence: MainnetSequence, config: ChainConfig = MAINNET, **options: Any) -> LightClient:
    """A client at the checkpoint of a packaged sequence."""
    return LightClient.bootstrap(config, sequence.checkpoint_root, sequence.bootstrap_bytes(), **options)


@pytest.fixture(scope="session")
def begin() -> Any:
    """`begin(sequence, config=MAINNET, **options)`: a light client at that sequence's checkpoint."""
    return start
