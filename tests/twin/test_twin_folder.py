"""A flight's folder: no secret stays behind, and resuming stands on what the flight began with."""

import os
import stat
from importlib import resources

import pytest

import orbitalcloud.twin.folder as module
from orbitalcloud.compute import WORKLOADS
from orbitalcloud.core import DataError
from orbitalcloud.mission import load
from orbitalcloud.sim import resume
from orbitalcloud.twin import Flight, Folder
from orbitalcloud.twin.folder import DiskError
from small_missions import ETHEREUM, SMALL, TAMPERED

UPDATE = "packaged:ethereum/update_1421_deneb.ssz"
OWN = (
    (SMALL + ETHEREUM + TAMPERED.replace("packaged:ethereum/update_1422_electra.ssz", "tampered.ssz"))
    .replace(UPDATE, "update.ssz")
    .replace('"packaged:ethereum/bootstrap_1421_deneb.ssz"', '"bootstrap.ssz"')
    .replace('artefact = "workload:water-map"', 'artefact = "own.wasm"\ninput = ["a.bin", "b.bin"]')
)


@pytest.fixture
def place(tmp_path):
    """A mission whose files are its own."""
    data = resources.files("orbitalcloud") / "data" / "ethereum"
    (tmp_path / "mission.toml").write_text(OWN)
    for name, source in (("update", "update_1421_deneb"), ("tampered", "update_1422_electra")):
        (tmp_path / f"{name}.ssz").write_bytes((data / f"{source}.ssz").read_bytes())
    (tmp_path / "bootstrap.ssz").write_bytes((data / "bootstrap_1421_deneb.ssz").read_bytes())
    (tmp_path / "own.wasm").write_bytes(WORKLOADS["water-map"].artefact().data)
    (tmp_path / "a.bin").write_bytes(b"first")
    (tmp_path / "b.bin").write_bytes(b"second")
    return tmp_path


@pytest.fixture
def broken(place):
    """Its flight, interrupted after 200 entries."""
    folder = Folder.create(place / "flight")
    with Flight.begin(load(place / "mission.toml"), folder, 7) as flight:
        while flight.log.entries < 200:
            flight.step()
        flight.stop()
    folder.release()
    return folder


def parts(folder):
    return [place.name for place in folder.path.iterdir() if place.name.endswith(".part")]


# Secrets ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError, OSError(28, "No space left on device")])
@pytest.mark.parametrize("call", ["fsync", "fdopen"])
def test_a_write_that_is_broken_off_leaves_nothing_beside(broken, monkeypatch, error, call):
    before = (broken.path / "checkpoint.bin").read_bytes()

    def stop(*_):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(module.os, call, stop)
        with pytest.raises(DiskError if isinstance(error, OSError) else error):
            broken.write("checkpoint.bin", b"secret", mode=0o600)
    assert parts(broken) == []
    assert (broken.path / "checkpoint.bin").read_bytes() == before


def test_a_second_ctrl_c_while_a_checkpoint_is_written(place, monkeypatch):
    folder = Folder.create(place / "flight")
    with Flight.begin(load(place / "mission.toml"), folder, 7) as flight:
        while flight.log.entries < 200:
            flight.step()
        replace = module.Path.replace

        def stop(self, target):
            if target.name == "checkpoint.bin":
                raise KeyboardInterrupt
            return replace(self, target)

        monkeypatch.setattr(module.Path, "replace", stop)
        with pytest.raises(KeyboardInterrupt):
            flight.stop()
    assert parts(folder) == []
    assert not (folder.path / "checkpoint.bin").exists()


def test_resuming_removes_what_a_killed_process_was_writing(broken):
    (broken.path / "checkpoint.bin.part").write_bytes(b"secret")
    with Flight.resume(broken):
        assert parts(broken) == []


def test_the_secrets_are_gone_before_the_folder_says_complete(broken, monkeypatch):
    write, seen = Folder.write_status, []

    def watch(self, status):
        seen.append((status.status, sorted(name for name in os.listdir(self.path) if "checkpoint" in name)))
        write(self, status)

    monkeypatch.setattr(Folder, "write_status", watch)
    with Flight.resume(broken) as flight:
        while flight.due() is not None:
            flight.step()
        flight.checkpoint()
        (broken.path / "checkpoint.bin.part").write_bytes(b"secret")
        flight.finish()
    assert seen == [("complete", [])]


def test_a_checkpoint_is_its_owners_alone(broken):
    assert stat.S_IMODE((broken.path / "checkpoint.bin").stat().st_mode) == 0o600


# What resuming stands on --------------------------------------------------------------------------------------------


def test_nothing_changed_is_resumed(broken):
    status = resume(broken)
    assert status.complete
    own = {"a.bin", "b.bin", "bootstrap.ssz", "own.wasm", "tampered.ssz", "update.ssz"}
    assert set(status.files) == own | {"packaged:ethereum/update_1422_electra.ssz"}


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("update.ssz", "tampered.ssz"),
        ("tampered.ssz", "update.ssz"),
        ("a.bin", "b.bin"),
        ("own.wasm", "protein-fitness"),
    ],
)
def test_a_file_that_changed_is_named(broken, place, name, source):
    data = WORKLOADS[source].artefact().data if source in WORKLOADS else (place / source).read_bytes()
    before = (place / name).read_bytes()
    (place / name).write_bytes(data)
    with pytest.raises(DataError, match=f"^{name}: .* changed since") as refused:
        resume(broken)
    assert len(str(refused.value).splitlines()) == 1
    (place / name).write_bytes(before)
    with Flight.resume(broken):
        pass


def test_a_changed_text_is_the_missions(broken, place):
    (place / "mission.toml").write_text(OWN + "# changed")
    with pytest.raises(DataError, match=r"mission\.toml: .*the mission was changed since"):
        resume(broken)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda data: data.replace(b'"node":"sat"', b'"node":"tas"', 1), "changed since the checkpoint: fly it anew"),
        (lambda data: data[:-1], "the checkpoint needs"),
        (lambda data: b"", "the checkpoint needs"),
        (None, "No such file or directory: the checkpoint goes on with this Log: fly it anew"),
    ],
    ids=["altered", "short", "empty", "missing"],
)
def test_a_log_that_is_not_what_it_was_is_not_continued(broken, change, says):
    if change is None:
        broken.log_path.unlink()
    else:
        broken.log_path.write_bytes(change(broken.log_path.read_bytes()))
    there = broken.log_path.read_bytes() if broken.log_path.exists() else None
    with pytest.raises(DataError, match=says) as refused:
        resume(broken)
    assert refused.value.place == str(broken.log_path)
    assert (broken.log_path.read_bytes() if broken.log_path.exists() else None) == there


def test_what_came_after_the_checkpoint_is_cut_off(broken):
    before = broken.log_path.read_bytes()
    broken.log_path.write_bytes(before + b'{"kind":"half a li')
    with Flight.resume(broken):
        assert broken.log_path.read_bytes() == before


def test_a_checkpoint_too_short_to_be_one(broken):
    (broken.path / "checkpoint.bin").write_bytes(bytes(12))
    with pytest.raises(DataError, match="damaged"):
        resume(broken)
