"""Two nodes as people run them: started, written to, read from, pinged, looked at, stopped."""

from __future__ import annotations

import base64
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from orbitalcloud.cli.nodes import merged
from orbitalcloud.cli.run import run
from orbitalcloud.core import DataError
from orbitalcloud.live.node_config import NodeConfig, load_config, node_name, static_routes
from orbitalcloud.live.node_process import limits_of
from orbitalcloud.network.identity import public_of

ORBITAL = [sys.executable, "-c", "from orbitalcloud.cli import main; main()"]


class Running:
    """A node in a process of its own, until the test ends."""

    def __init__(self, folder: Path, *options: str) -> None:
        command = [*ORBITAL, "node", "--json", "--store", str(folder), *options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.ready = json.loads(self.process.stdout.readline())
        self.store = str(folder)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        self.process.send_signal(how)
        _, said = self.process.communicate(timeout=20)
        return self.process.returncode, said


def bound(place: Path, *names: str) -> list[str]:
    """Folders of these names with a key in each, and the options that bind the names to the keys."""
    options: list[str] = []
    for number, name in enumerate(names, 1):
        folder = place / name
        folder.mkdir(mode=0o700)
        (folder / "identity.key").write_text(bytes([number] * 32).hex() + "\n")
        (folder / "identity.key").chmod(0o600)
        options += ["--key", f"{name}={public_of(bytes([number] * 32)).hex()}"]
    return options


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    place = tmp_path_factory.mktemp("people")
    return place, bound(place, "alice", "carol", "dan")


@pytest.fixture(scope="module")
def pair(people):
    place, keys = people
    a = Running(place / "alice", "--name", "alice", "--listen", "tcpcl://127.0.0.1:0", *keys)
    b = Running(place / "b", "--peer", a.ready["listens"][0], *keys)
    yield a, b
    for node in (a, b):
        code, said = node.stop()
        assert (code, said) == (0, "stopped; what it keeps is on disk\n")


def test_a_letter_is_sent_received_once_and_gone(pair, capfdbinary):
    a, b = pair
    to = b.ready["endpoint"] + "inbox"
    assert to.startswith("dtn://z6Mk"), "its name follows from its key"
    assert run(["send", to, "--text", "hallo", "--service", "me", "--store", a.store]) == 0
    assert capfdbinary.readouterr().out.startswith(b"alice/me/")
    assert run(["recv", "inbox", "--store", b.store]) == 0
    assert capfdbinary.readouterr().out == b"hallo"
    assert run(["recv", "inbox", "--store", b.store, "--wait", "0"]) == 1


def test_letters_as_files_and_as_json(pair, tmp_path, capfd):
    a, b = pair
    (tmp_path / "photo").write_bytes(bytes(range(256)))
    to = b.ready["endpoint"] + "files"
    for number in (0, 1, 1):
        assert (
            run(["send", to, str(tmp_path / "photo"), "--stream", "s", "--number", str(number), "--store", a.store])
            == 0
        )
    assert "number 1 of s was taken before" in capfd.readouterr().err
    shown = ["recv", "files", "-n", "2", "--wait", "20", "--store", b.store, "--json"]
    assert run([*shown, "--keep"]) == 0
    assert run([*shown[:-1], "--out", str(tmp_path / "in")]) == 0
    out = capfd.readouterr().out.splitlines()
    kept = json.loads(out[0])
    assert base64.b64decode(kept["payload"]) == bytes(range(256))
    assert kept["from"] == "dtn://alice/"
    assert [Path(line).read_bytes() for line in out[-2:]] == [bytes(range(256))] * 2
    assert run(["recv", "files", "--store", b.store, "--wait", "0"]) == 1


def test_ping_times_the_way_there_and_back(pair, capfd):
    a, b = pair
    assert run(["ping", "dtn://alice/", "-n", "2", "--interval", "0", "--store", b.store, "--json"]) == 0
    trips = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert [trip["number"] for trip in trips] == [0, 1]
    assert all(0 < trip["ms"] < 5000 for trip in trips)
    assert run(["ping", "dtn://nobody/", "-n", "1", "--wait", "0.1", "--store", a.store]) == 1


def test_a_trace_and_a_letter_go_over_a_third_node(pair, people, capfd):
    a, _ = pair
    place, keys = people
    there = a.ready["listens"][0]
    begun = time.monotonic()
    carol = Running(place / "carol", "--name", "carol", "--peer", there, "--route", "dan via alice", *keys)
    dan = Running(place / "dan", "--name", "dan", "--peer", there, "--route", "carol via alice", *keys)
    try:
        assert run(["trace", "dtn://carol/", "--store", dan.store, "--json"]) == 0
        hops = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
        assert [hop["node"] for hop in hops] == ["dan", "alice", "carol"]
        assert hops == sorted(hops, key=lambda hop: hop["at"])
        run(["send", "dtn://carol/in", "--text", "over alice", "--store", dan.store])
        assert run(["recv", "in", "--store", carol.store]) == 0
        assert "over alice" in capfd.readouterr().out
        capfd.readouterr()
        run(["send", "dtn://carol/in", "--text", "tell me", "--reports", "--store", dan.store, "--json"])
        bundle = json.loads(capfd.readouterr().out)["bundle"]
        assert run(["recv", "in", "--store", carol.store]) == 0
        told: set[tuple[str, str]] = set()
        while len(told) < 3 and time.monotonic() < begun + 20:  # the reports come back one after the other
            run(["get", "events", "--store", dan.store, "--json"])
            events = json.loads(capfd.readouterr().out.removeprefix("tell me"))
            mine = [one["what"].split(", ") for one in events if one["kind"] == "status-reported"]
            told |= {(what[1], what[2]) for what in mine if what[0] == f"bundle {bundle}"}
        on_the_way = {(f"reporter dtn://{name}/", "status forwarded") for name in ("dan", "alice")}
        assert told == {*on_the_way, ("reporter dtn://carol/", "status delivered")}
        assert run(["trace", "dtn://nobody/", "--store", dan.store]) == 1
        assert "dan knows no way to nobody now" in capfd.readouterr().err
    finally:
        dan.stop()
        carol.stop()


def test_nodes_named_by_their_keys_prove_them(tmp_path, capfd):
    a = Running(tmp_path / "a", "--listen", "tcpcl://127.0.0.1:0", "--tls", "keys", "--require-tls")
    there = a.ready["listens"][0].replace("://", f"://{a.ready['name']}@")
    b = Running(tmp_path / "b", "--peer", there, "--tls", "keys", "--require-tls")
    liar = [*ORBITAL, "node", "--store", str(tmp_path / "c"), "--name", b.ready["name"], "--peer", there]
    ended = subprocess.run(liar, capture_output=True, text=True, timeout=20, check=False)
    assert (ended.returncode, "it is another's key" in ended.stderr) == (2, True), "nobody begins under another's name"
    plain = Running(tmp_path / "d", "--name", "d", "--peer", a.ready["listens"][0])
    try:
        assert run(["ping", a.ready["endpoint"], "-n", "1", "--store", b.store, "--wait", "20"]) == 0
        assert run(["ping", a.ready["endpoint"], "-n", "1", "--store", plain.store, "--wait", "0.5"]) == 1
        capfd.readouterr()
        assert run(["get", "links", "--store", a.store, "--json"]) == 0
        assert [link["neighbour"] for link in json.loads(capfd.readouterr().out)] == [b.ready["name"]]
    finally:
        for node in (a, b, plain):
            node.stop()


def test_who_signs_in_anothers_name_is_refused_and_that_is_shown(pair, tmp_path, capfd):
    a, _ = pair
    mallory = Running(tmp_path / "m", "--name", "carol", "--peer", a.ready["listens"][0], "--security", "signed")
    try:
        assert run(["send", "dtn://alice/in", "--text", "send money", "--store", mallory.store]) == 0
        bundle = capfd.readouterr().out.strip()
        ends, refused = time.monotonic() + 20, []
        while not refused and time.monotonic() < ends:
            run(["get", "events", "--store", a.store, "--json"])
            events = json.loads(capfd.readouterr().out)
            refused = [one["what"] for one in events if one["kind"] == "bundle-refused" and bundle in one["what"]]
        assert "signature" in refused[0], refused
        assert run(["get", "node", "--store", a.store, "--json"]) == 0
        assert json.loads(capfd.readouterr().out)[0]["BundleRefused"] >= 1
        assert run(["recv", "in", "--store", a.store, "--wait", "0"]) == 1
    finally:
        mallory.stop()


def test_what_a_running_node_has_can_be_seen(pair, capfd):
    a, b = pair
    run(["send", "dtn://nowhere/x", "--text", "waits", "--store", a.store, "--json"])
    bundle = json.loads(capfd.readouterr().out)["bundle"]
    assert run(["get", "bundles", bundle, "--store", a.store, "--json"]) == 0
    (row,) = json.loads(capfd.readouterr().out)
    assert (row["destination"], row["with"]) == ("nowhere", "waits")
    assert run(["get", "events", "--store", a.store]) == 0
    assert "the contact plan has no way from alice to nowhere" in capfd.readouterr().out
    assert run(["get", "links", "--store", a.store, "--json"]) == 0
    assert json.loads(capfd.readouterr().out)[0]["kind"] == "tcpcl"
    for kind in ("node", "mail", "known"):
        assert run(["get", kind, "--store", b.store]) == 0
    assert run(["get", "planets", "--store", a.store]) == 2


def test_what_is_wrong_is_said_in_one_line(pair, tmp_path, capfd):
    a, _ = pair
    wrong = (
        (["node", "--store", a.store], 2, "has it open"),
        (["node", "--store", str(tmp_path / "x"), "--listen", a.ready["listens"][0]], 2, "Address already in use"),
        (["node", "--store", str(tmp_path / "x"), "--listen", "http://x"], 2, "tcpcl"),
        (["node", "--store", str(tmp_path / "x"), "--name", "a/b"], 2, "a node's name"),
        (["node", "--store", str(tmp_path / "x"), "--require-tls"], 2, "tls"),
        (["node", "--store", str(tmp_path / "x"), "--plan", str(tmp_path / "none")], 2, "none"),
        (["node", "--store", str(tmp_path / "x"), "--plan", __file__], 2, "a plan with contacts"),
        (["node", "--store", str(tmp_path / "x"), "--tls", "files"], 2, "PEM files that belong together"),
        (["send", "dtn://b/x", "--text", "1", "--store", str(tmp_path / "none")], 1, "no node runs on"),
        (["send", "bob", "--text", "1", "--store", a.store], 2, "write dtn://node/service"),
        (["send", "dtn://b/x", "--text", "1", "--lifetime", "long", "--store", a.store], 2, "such as 90s or 7d"),
        (["send", "dtn://b/x", str(tmp_path / "none"), "--store", a.store], 2, "readable file"),
    )
    for arguments, code, words in wrong:
        assert run(arguments) == code, arguments
        said = capfd.readouterr().err
        assert words in said, (arguments, said)
        assert said.count("\n") == 1, said


def test_ctrl_c_ends_it_as_cleanly(tmp_path):
    node = Running(tmp_path / "n")
    code, said = node.stop(signal.SIGINT)
    assert (code, said) == (0, "stopped; what it keeps is on disk\n")
    assert not (tmp_path / "n" / "control.sock").exists()


def test_options_stand_before_the_files_keys_and_lists_are_joined(tmp_path):
    place = tmp_path / "node.toml"
    place.write_text('name = "a"\nstore = "here"\nlisten = ["tcpcl://127.0.0.1:1"]\nroutes = ["c via b"]\n')
    config = merged(place, {"name": "b", "listen": ["tcpcl://127.0.0.1:2"], "peers": [], "store": ""})
    assert (config.name, config.store) == ("b", str(tmp_path / "here"))
    assert config.listen == ("tcpcl://127.0.0.1:1", "tcpcl://127.0.0.1:2")
    assert static_routes(config) == [("c", "b")]
    place.write_text('nam = "a"\n')
    with pytest.raises(DataError, match="keys are store, name, listen"):
        load_config(place)
    with pytest.raises(DataError, match="carol via bob"):
        static_routes(NodeConfig(routes=("c b",)))


@pytest.mark.parametrize(("text", "name"), [("a", "a"), ("dtn://a/", "a"), ("ipn:5", "ipn:5"), ("ipn:5.0", "ipn:5")])
def test_a_name_may_be_written_as_people_write_it(text: str, name: str):
    assert node_name(text) == name


@pytest.mark.parametrize("text", ["dtn:none", "ipn:0", "dtn://a/x", "ipn:5.1", "a b", ""])
def test_what_names_no_node_is_refused(text: str):
    with pytest.raises(DataError):
        node_name(text)


def test_what_a_node_lets_pass_is_named_and_nothing_else_is():
    assert limits_of(merged(None, {"tolerate": ["primary-crc"]})).tolerate == {"primary-crc"}
    assert limits_of(NodeConfig()).tolerate == frozenset()
    with pytest.raises(DataError, match="primary-crc"):
        limits_of(NodeConfig(tolerate=("everything",)))
