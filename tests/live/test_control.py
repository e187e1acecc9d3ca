"""A node's control socket: nobody else's, and nothing that is said to it stops the node."""

from __future__ import annotations

import asyncio
import contextlib
import stat
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from live.faulty_disk import FaultyDisk
from live.pairs import host_of, join, journal_on
from orbitalcloud.core import DataError, RemoteProtocolError, Unreachable
from orbitalcloud.live.control import ControlServer, Read, Said, Say, Show, packed, read_answer, read_ask
from orbitalcloud.live.node_client import NodeClient
from orbitalcloud.live.node_folder import SOCKET, NodeFolder
from orbitalcloud.node.letters import POST, Letter, Post


def with_node(folder: Path, talk, **host) -> None:
    """Serve a node at `folder` while `talk(client)` runs in a thread."""

    async def scene() -> None:
        folder.mkdir(parents=True, exist_ok=True)
        node = host_of("a", journal_on(FaultyDisk()), **host)
        control = ControlServer(node, folder / SOCKET)
        await control.start()
        try:
            await asyncio.wait_for(asyncio.to_thread(talk, folder), 20)
        finally:
            await control.stop()
            await node.stop()

    asyncio.run(scene())


def test_letters_are_said_read_and_confirmed(tmp_path: Path):
    def talk(folder: Path) -> None:
        with NodeClient(folder) as client:
            said = client.say(Post((Letter("dtn://a/in", b"1"), Letter("dtn://a/in", b"2"))))
            assert len(said.bundles) == 2
            first, second = client.read("in")
            assert (first.payload, second.payload) == (b"1", b"2")
            assert [mail.payload for mail in client.read("in", first.number)] == [b"2"]
            assert client.read("in", second.number) == ()
            shown = client.show(entries=5)
            assert shown.status.endpoint == "dtn://a/"
            assert shown.status.counts["BundleDelivered"] == 2
            assert len(shown.entries) == 5

    with_node(tmp_path, talk)


def test_the_socket_is_its_owners_and_a_long_path_is_no_obstacle(tmp_path: Path):
    long = tmp_path / ("x" * 120)

    def talk(folder: Path) -> None:
        assert stat.S_IMODE((folder / SOCKET).stat().st_mode) & 0o077 == 0
        with NodeClient(folder) as client:
            assert client.show().status.name == "a"

    with_node(long, talk)
    with pytest.raises(Unreachable, match="no node runs on"):
        NodeClient(long)


def test_a_refused_letter_says_why_and_those_before_it_are_sent(tmp_path: Path):
    from orbitalcloud.network import AgentLimits

    def talk(folder: Path) -> None:
        with NodeClient(folder) as client:
            said = client.say(Post(tuple(Letter("dtn://b/x", b"%d" % n) for n in range(5)), "s"))
            assert len(said.bundles) == 3
            assert "its most" in said.refusal
            again = client.say(Post(tuple(Letter("dtn://b/x", b"%d" % n) for n in range(5)), "s"))
            assert (again.known, again.bundles) == (3, ())
            with pytest.raises(DataError, match="endpoint"):
                client.say(Post((Letter("nowhere", b""),)))

    with_node(tmp_path, talk, limits=AgentLimits(store_bundles=3))


def test_noise_and_giants_are_answered_or_hung_up_on_and_the_node_goes_on(tmp_path: Path):
    def talk(folder: Path) -> None:
        for noise in (b"\0\0\0\3abc", b"\xff\xff\xff\xff", b"\0\0", b"\0\0\0\x02\x91\x91"):
            client = NodeClient(folder)
            client._socket.sendall(noise)
            if len(noise) > 2:
                size = int.from_bytes(client._exactly(4), "big")
                assert type(read_answer(client._exactly(size))).__name__ == "Wrong"
            client.close()
        with NodeClient(folder) as client:
            assert client.show().status.name == "a"

    with_node(tmp_path, talk)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_question_or_refused(data: bytes):
    for read in (read_ask, read_answer):
        with contextlib.suppress(RemoteProtocolError):
            read(data)


def test_what_is_packed_is_read():
    for ask in (Say(Post((Letter("dtn://b/x", b"1"),), "s", 4)), Read("in", 4, 5, 0.5), Show(3)):
        assert read_ask(packed(ask)[4:]) == ask
    assert read_answer(packed(Said(("x",), 1, "no"))[4:]) == Said(("x",), 1, "no")


def test_mail_that_is_not_yet_on_disk_is_not_shown():
    async def scene() -> None:
        disk = FaultyDisk()
        a, b = host_of("a"), host_of("b", journal_on(disk))
        join(a, b)
        await b.durable()
        disk.dies_at = disk.steps + 1
        control = ControlServer(b, Path("unused"))
        asking = asyncio.ensure_future(control._read(Read("in", wait_s=5)))
        await asyncio.sleep(0)
        a.command(POST, msgspec.msgpack.encode(Post((Letter("dtn://b/in", b"1"),))))
        with pytest.raises((Unreachable, asyncio.CancelledError)):
            await b.failed
        await asyncio.wait({asking}, timeout=0.2)
        assert not asking.done() or asking.cancelled()
        asking.cancel()

    asyncio.run(scene())


def test_a_folder_keeps_its_key_and_says_what_is_wrong_with_it(tmp_path: Path):
    place = tmp_path / "node"
    with NodeFolder(place) as folder:
        name = folder.name
        with pytest.raises(DataError, match="has it open"):
            NodeFolder(place)
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert stat.S_IMODE((place / "identity.key").stat().st_mode) == 0o600
    with NodeFolder(place) as folder:
        assert folder.name == name
    (place / "identity.key").chmod(0o644)
    with pytest.raises(DataError, match="others may read it"):
        NodeFolder(place)
    (place / "identity.key").chmod(0o600)
    (place / "identity.key").write_text("not a key")
    with pytest.raises(DataError, match="damaged"):
        NodeFolder(place)
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="it is a file"):
        NodeFolder(tmp_path / "file")
