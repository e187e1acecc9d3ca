"""The same mission is the same bytes: its own and those of every file that it names."""

from __future__ import annotations

import hashlib
import subprocess
from importlib import resources
from pathlib import Path

import pytest

from orbitalcloud.compute import WORKLOADS
from orbitalcloud.core import MissionError
from orbitalcloud.mission import find, load, loads
from orbitalcloud.mission.check_values import PLAY_CHAINS
from small_missions import ETHEREUM, SMALL, TAMPERED

OMM = """CCSDS_OMM_VERS = 2.0
CREATION_DATE = 2026-03-20T12:00:00
ORIGINATOR = test
OBJECT_NAME = SAT
OBJECT_ID = 1998-067A
CENTER_NAME = EARTH
REF_FRAME = TEME
TIME_SYSTEM = UTC
MEAN_ELEMENT_THEORY = SGP4
EPOCH = 2026-03-20T12:00:00
MEAN_MOTION = 15.0
ECCENTRICITY = 0.001
INCLINATION = 97.0
RA_OF_ASC_NODE = 10.0
ARG_OF_PERICENTER = 20.0
MEAN_ANOMALY = 30.0
EPHEMERIS_TYPE = 0
CLASSIFICATION_TYPE = U
NORAD_CAT_ID = 25544
ELEMENT_SET_NO = 1
REV_AT_EPOCH = 1
BSTAR = 0.0001
MEAN_MOTION_DOT = 0.0
MEAN_MOTION_DDOT = 0.0
"""
FILES = ["a.bin", "boot.ssz", "model.onnx", "sat.kvn", "tampered.ssz", "update.ssz"]


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A mission all of whose files lie beside it."""
    data = resources.files("orbitalcloud") / "data"
    text = (SMALL + ETHEREUM + TAMPERED).replace("packaged:ethereum/bootstrap_1421_deneb.ssz", "boot.ssz")
    text = text.replace("packaged:ethereum/update_1421_deneb.ssz", "update.ssz")
    first, _, last = text.rpartition("packaged:ethereum/update_1422_electra.ssz")
    text = (first + "tampered.ssz" + last).replace("packaged:ethereum/update_1422_electra.ssz", "update.ssz")
    orbit = 'orbit = { altitude_km = 547, inclination = "sun-synchronous", ltan = "10:30" }'
    text = text.replace(orbit, 'omm = "sat.kvn"')
    text = text.replace('"workload:water-map"', '"model.onnx"\ninput = ["a.bin", "a.bin"]')
    (tmp_path / "my.toml").write_text(text)
    (tmp_path / "sat.kvn").write_text(OMM)
    (tmp_path / "a.bin").write_bytes(b"input")
    (tmp_path / "model.onnx").write_bytes(WORKLOADS["protein-fitness"].artefact().data)
    sources = {
        "boot": "bootstrap_1421_deneb",
        "update": "update_1421_deneb",
        "tampered": "update_1422_electra",
    }
    for name, source in sources.items():
        (tmp_path / f"{name}.ssz").write_bytes((data / "ethereum" / f"{source}.ssz").read_bytes())
    return tmp_path


def test_every_file_that_a_mission_names_is_digested(own: Path) -> None:
    loaded = load(own / "my.toml")
    digests = {name: f"sha256:{hashlib.sha256((own / name).read_bytes()).hexdigest()}" for name in FILES}
    assert dict(loaded.files) == digests
    assert list(loaded.files) == sorted(loaded.files)


def test_the_digest_can_be_made_with_sha256sum(own: Path) -> None:
    script = f"( cat my.toml; sha256sum {' '.join(FILES)} ) | sha256sum"
    told = subprocess.run(["sh", "-c", script], cwd=own, capture_output=True, text=True, check=True, timeout=20).stdout
    assert load(own / "my.toml").digest == f"sha256:{told.split()[0]}"


def test_without_files_it_is_that_of_the_missions_own_bytes() -> None:
    loaded = load("walker-100")
    assert loaded.files == ()
    assert loaded.digest == f"sha256:{hashlib.sha256(find('walker-100').read_bytes()).hexdigest()}"


@pytest.mark.parametrize("name", ["a.bin", "sat.kvn"])
def test_another_file_is_another_mission(own: Path, name: str) -> None:
    before = load(own / "my.toml")
    (own / name).write_bytes((own / name).read_bytes() + b"\n")
    after = load(own / "my.toml")
    assert before.text == after.text
    assert before.digest != after.digest
    assert {one for one, _ in set(before.files) ^ set(after.files)} == {name}


def test_a_file_that_cannot_be_read_is_told_at_its_line(own: Path) -> None:
    (own / "a.bin").write_bytes(b"")
    with pytest.raises(MissionError) as caught:
        load(own / "my.toml")
    line = (own / "my.toml").read_text().splitlines().index('input = ["a.bin", "a.bin"]') + 1
    assert str(caught.value).startswith(f"{own / 'my.toml'}:{line}: job.input: 0 bytes: ")


# Whose coins a flight may spend -------------------------------------------------------------------------------------


def on_chain(url: str, number: int) -> bytes:
    return (SMALL + ETHEREUM).replace('"in-process"', f'"{url}"').replace("31337", str(number)).encode()


@pytest.mark.parametrize("number", [1, 10, 100, 137, 8453, 42161, 5, 2**53])
def test_real_coins_are_not_for_keys_that_everybody_can_make(number: int) -> None:
    for url in ("https://node.example", "http://127.0.0.1:8545"):  # a fork of mainnet takes mainnet's signatures
        with pytest.raises(MissionError) as caught:
            loads(on_chain(url, number), "my.toml", ".")
        assert caught.value.key == "ethereum.chain_id"
        assert caught.value.line == on_chain(url, number).decode().splitlines().index(f"chain_id = {number}") + 1
        assert "keys follow from its public seed" in str(caught.value)
        assert "11155111 (Sepolia)" in str(caught.value)
    loads(on_chain("in-process", number), "my.toml", ".")


def test_play_money_is_for_everybody() -> None:
    assert set(PLAY_CHAINS) == {1337, 31337, 17000, 560048, 11155111}
    for number in PLAY_CHAINS:
        loads(on_chain("https://node.example", number), "my.toml", ".")
