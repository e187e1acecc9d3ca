"""Real programs over an emulated constellation: what they measure is what the model says, and nothing is left behind.

Needs namespaces and TUN devices: skipped, with what is missing, where they cannot be had.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from orbitalcloud.cli.run import run
from orbitalcloud.core import SECOND, DataError, Instant
from orbitalcloud.live import emulations, namespaces
from orbitalcloud.twin.world import World
from small_missions import SMALL, load_text

ORBITAL = [sys.executable, "-c", "from orbitalcloud.cli import main; main()"]
PROBE = [sys.executable, str(Path(__file__).with_name("link_probe.py"))]
LOSS_PPM = 100_000
TEXT = SMALL.replace('radio = "fibre"', f'radio = "fibre"\nframe_loss_ppm = {LOSS_PPM}')
PAGE = bytes(range(256)) * 1600
LATE_MS = 3.0
"""Scheduling of three processes on a busy machine, each way; the sum of two handovers is 0.3 ms on a quiet one."""


class Emulated:
    """An emulation in a process of its own, beginning with a pass of the satellite over Svalbard."""

    def __init__(self, place: Path, *options: str) -> None:
        mission = place / "emulated.toml"
        mission.write_text(TEXT)
        self.world = World(load_text(TEXT))
        passes = [one for one in self.world.contacts() if (one.sender, one.receiver) == ("svalbard", "sat")]
        self.contact = next(one for one in passes if one.duration_ns > 300 * SECOND)
        self.begins = Instant(self.contact.opens + 120 * SECOND)
        at = f"{(self.begins - self.world.starts) // SECOND}s"
        command = [*ORBITAL, "net", "emulate", str(mission), "--json", "--at", at, *options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            said = json.loads(self.process.communicate()[1].splitlines()[-1])["error"]
            if said.startswith("rights:"):
                pytest.skip(said)
            raise AssertionError(said)
        self.said = json.loads(line)
        self.running = self.said["emulation"]

    def start(self, node: str, *command: str) -> subprocess.Popen[str]:
        full = [*ORBITAL, "net", "exec", "--process", str(self.running["process"]), node, "--", *command]
        return subprocess.Popen(full, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def probe(self, node: str, *arguments: str):
        out, error = self.start(node, *PROBE, *arguments).communicate(timeout=60)
        assert out, error
        return json.loads(out)

    def stop(self) -> list[dict]:
        self.process.send_signal(signal.SIGINT)
        out, error = self.process.communicate(timeout=20)
        assert self.process.returncode == 0, error
        return [json.loads(line) for line in out.splitlines()]


def left_of(process: int) -> list[str]:
    folders = (emulations.NAMED, emulations.NAMED_FILES, emulations.home())
    return [name for one in folders if one.is_dir() for name in os.listdir(one) if name.startswith(f"orb-{process}-")]


@pytest.fixture(scope="module")
def emulated(tmp_path_factory):
    made = Emulated(tmp_path_factory.mktemp("emulated"))
    yield made
    if made.process.poll() is None:
        made.stop()
    assert left_of(made.running["process"]) == []


def test_a_ping_takes_the_light_time_there_and_back_and_the_packets_time_on_the_links(emulated):
    found = emulated.probe("svalbard", "pings", "sat", "25", "0.02")
    assert found["back"] == 25
    light_ms = [
        2 * emulated.world.light_time_ns("svalbard", "sat", Instant(emulated.begins + seconds * SECOND)) / 1e6
        for seconds in range(30)
    ]
    on_links_ms = 84 * 8 / 200 + 84 * 8 / 1000  # 56 bytes, ICMP's 8 and IP's 20 over 200 kbit/s up and 1 Mbit/s down
    assert found["ms"][0] >= min(light_ms) + on_links_ms - 0.01, "nothing outruns light"
    middle = found["ms"][12]
    assert middle <= max(light_ms) + on_links_ms + LATE_MS


def test_a_page_comes_over_tcp_whole_and_at_the_links_rate(emulated, tmp_path):
    (tmp_path / "page").write_bytes(PAGE)
    server = emulated.start("sat", sys.executable, "-m", "http.server", "8000", "--directory", str(tmp_path))
    try:
        ready = emulated.probe("sat", "pings", "svalbard", "2", "0.3")
        assert ready["back"] == 2
        found = emulated.probe("svalbard", "page", "http://sat:8000/page")
    finally:
        server.kill()
        server.communicate()
    assert found["digest"] == hashlib.sha256(PAGE).hexdigest()
    payload_share = 1448 / 1500  # of each full packet: TCP with time stamps
    assert 0.85 * payload_share < found["bps"] / 1e6 < 1.05 * payload_share


def test_packets_are_lost_as_often_as_the_mission_says(emulated):
    found = emulated.probe("svalbard", "pings", "inuvik", "2000", "0.001")
    share = (1 - LOSS_PPM / 1e6) ** 2
    assert abs(found["back"] - 2000 * share) < 4.5 * (2000 * share * (1 - share)) ** 0.5, "binomial: 4.5 σ"
    assert found["ms"][0] >= 2 * emulated.world.light_time_ns("svalbard", "inuvik", emulated.begins) / 1e6


def test_stopped_it_counts_what_it_carried_and_leaves_nothing(emulated):
    listed = emulations.chosen(emulations.home(), emulated.running["process"])
    assert [place.node for place in listed.places] == ["svalbard", "inuvik", "sat"]
    with pytest.raises(DataError, match="this emulation has svalbard"):
        listed.place("mars")
    *_, last = emulated.stop()
    fibre = next(one for one in last["links"] if (one["from"], one["to"]) == ("svalbard", "inuvik"))
    assert fibre["packets"] == 2000
    assert fibre["lost"] == pytest.approx(200, abs=4.5 * (2000 * 0.1 * 0.9) ** 0.5)
    gone = sum(count for what, count in last["packets"].items() if what != "entered")
    assert last["packets"]["entered"] == gone + last["on_way"]


def test_what_a_killed_emulation_left_is_found_and_removed(tmp_path, capfd):
    made = Emulated(tmp_path, "--nodes", "sat,svalbard")
    process = made.running["process"]
    assert run(["net", "list", "--json"]) == 0
    shown = json.loads(capfd.readouterr().out)
    assert process in [one["process"] for one in shown]
    made.process.kill()
    made.process.communicate()
    assert left_of(process)
    (emulations.home() / "orb-not-ours").touch()
    assert run(["net", "clean", "--json"]) == 0
    assert str(emulations.record_file(emulations.home(), process)) in json.loads(capfd.readouterr().out)["removed"]
    assert left_of(process) == []
    assert (emulations.home() / "orb-not-ours").exists(), "another's name is left alone"
    (emulations.home() / "orb-not-ours").unlink()
    assert run(["net", "exec", "sat", "--process", str(process), "--", "true"]) == 2


@pytest.mark.parametrize("how", [[], ["--unprivileged"]])
def test_a_commands_exit_code_is_the_emulations_and_it_sees_only_its_node(tmp_path, how):
    script = (
        "import socket as s; print(s.gethostbyname('svalbard'), [n for _, n in s.if_nameindex()]); raise SystemExit(7)"
    )
    made = Emulated(tmp_path, "--nodes", "sat,svalbard", *how, "--", sys.executable, "-c", script)
    out, error = made.process.communicate(timeout=20)
    assert made.process.returncode == 7, error
    assert "10.77.0.2 ['lo', 'orb0']" in out.splitlines()
    assert made.running["rights"] == ("user" if how or os.geteuid() else "root")
    assert left_of(made.running["process"]) == []


def test_bad_words_are_refused_with_what_would_be_right(tmp_path, capfd):
    mission = tmp_path / "m.toml"
    mission.write_text(TEXT)
    try:
        namespaces.rights()
    except Exception as refused:
        pytest.skip(str(refused))
    if os.geteuid():
        pytest.skip("as a user, this process would enter a user namespace")
    for words, answer in (
        (["--at", "9d"], "begin within it"),
        (["--speed", "0"], "give 0.01 to 1000"),
        (["--for", "-1s"], "--for: -1s: write a number"),
        (["--nodes", "sat,mars"], "this mission has svalbard, inuvik, sat"),
        (["--nodes", "sat,svalbard", "--on", "inuvik"], "choose one of sat, svalbard"),
    ):
        assert run(["net", "emulate", str(mission), *words]) == 2
        assert answer in capfd.readouterr().err
