"""Ctrl-C at any moment: exit 130, one line that says so, and the way on where there is one."""

import json
import signal
import subprocess
import sys

import pytest

from orbitalcloud.cli import flying
from orbitalcloud.cli.run import run
from small_missions import SMALL

ORBITAL = [sys.executable, "-c", "from orbitalcloud.cli import main; main()"]


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.toml").write_text(SMALL)
    return tmp_path


def ctrl_c(*_, **__):
    raise KeyboardInterrupt


@pytest.mark.parametrize("verb", ["fly", "serve"])
def test_before_there_is_a_folder(capsys, monkeypatch, place, verb):
    monkeypatch.setattr("orbitalcloud.twin.flight.carrier_of", ctrl_c)
    assert run([verb, "small.toml", "--out", "flight"]) == 130
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[-1] == "orbital: interrupted"
    assert not (place / "flight").exists()
    assert run([verb, "small.toml", "--json"]) == 130
    assert json.loads(capsys.readouterr().err.splitlines()[-1]) == {
        "error": "interrupted",
        "errors": ["interrupted"],
        "exit": 130,
    }


@pytest.mark.parametrize("verb", ["fly", "serve"])
def test_before_the_first_event(capsys, monkeypatch, place, verb):
    with monkeypatch.context() as patch:
        patch.setattr("orbitalcloud.twin.flight.describe", ctrl_c)
        assert run([verb, "small.toml", "--out", "flight"]) == 130
    err = capsys.readouterr().err
    assert err.splitlines()[-1] == "orbital: interrupted; go on with: orbital fly --resume flight"
    assert json.loads((place / "flight" / "flight.json").read_text())["status"] == "interrupted"
    assert run(["fly", "--resume", "flight"]) == 0


def test_other_verbs_say_it_too(capsys, monkeypatch):
    monkeypatch.setattr("orbitalcloud.cli.missions.check", ctrl_c)
    assert run(["check", "small.toml"]) == 130
    assert capsys.readouterr().err == "orbital: interrupted\n"


def test_a_process_that_has_hardly_begun():
    """Whatever moment the signal finds: it is told."""
    serving = subprocess.Popen(
        [*ORBITAL, "serve", "small.toml", "--out", "flight"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with serving:
        assert "Ctrl-C stops it" in serving.stderr.readline()
        serving.send_signal(signal.SIGINT)
        out, err = serving.communicate(timeout=60)
    assert (serving.returncode, out) == (130, "")
    assert err.startswith("orbital: ")
    assert "interrupted" in err or "stopped at" in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("speed", ["nan", "0", "-1", "inf", "1e7"])
def test_a_senseless_speed_is_refused_before_anything_is_said(capsys, place, speed):
    assert run(["serve", "small.toml", f"--speed={speed}", "--out", "flight"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    assert err.startswith("orbital: speed: ")
    assert not (place / "flight").exists()


def test_serve_knows_the_next_pass_as_fly_does(monkeypatch):
    expected = []
    monkeypatch.setattr(flying.Line, "expect", lambda line, flight: expected.append(flight.fleet.loaded.mission.name))
    assert run(["serve", "small.toml", "--speed", "1e6"]) == 0
    assert expected == ["small"]
