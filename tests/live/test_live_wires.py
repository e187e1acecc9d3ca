"""Links over loopback sockets: bundles cross once, refusals and silence are told, and TLS lets in whom it should."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from orbitalcloud.core import DataError
from orbitalcloud.live.tcpcl_link import TcpclLink
from orbitalcloud.live.tls import ByAuthority, ByKey, make_certificate, raw_key, trust_anchor
from orbitalcloud.live.wires import BackOff, Wire, Wires, node_id, parse_wire
from orbitalcloud.network.carriage import report_frames, whole_frame
from orbitalcloud.network.convergence import MISSING, REFUSED, TAKEN, Report, Segment, encode_segment, transfer_name
from orbitalcloud.network.framings import DATAGRAM_BYTES
from orbitalcloud.network.store import PREFIX
from orbitalcloud.network.tcpcl_events import SessionPolicy
from wire_hubs import AgentHub, FakeHub

SOON = BackOff(first_s=0.005, most_s=0.02)
HOST = "127.0.0.1"


def run(test: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(test())


@asynccontextmanager
async def pair(kind: str, left, right, security=(None, None), **policy):
    """Two nodes' wires, `a` dialling `b`; closed at the end."""
    nodes = [
        Wires(hub, SessionPolicy(node_id=node_id(name), **policy), secure, SOON)
        for hub, name, secure in ((left, "a", security[0]), (right, "b", security[1]))
    ]
    a, b = nodes
    try:
        port = await b.listen(Wire(kind, HOST, 0, "" if kind == "tcpcl" else "a"))
        await a.dial(Wire(kind, HOST, port, "b"))
        yield a, b
    finally:
        await a.close()
        await b.close()


# TCPCLv4 -------------------------------------------------------------------------------------------------------------


def test_bundles_cross_both_ways_and_are_acknowledged():
    async def test() -> None:
        left, right = FakeHub(), FakeHub()
        async with pair("tcpcl", left, right):
            await left.until(lambda: bool(left.links))
            await right.until(lambda: bool(right.links))
            assert (left.links[0].peer, right.links[0].peer) == ("b", "a")
            sizes = [1, 1000, 300_000, 2_000_000]
            for size in sizes:
                left.send(bytes(size))
                right.send(b"\1" * size)
            await left.until(lambda: len(left.reports) == len(left.bundles) == 4)
            await right.until(lambda: len(right.reports) == len(right.bundles) == 4)
            assert right.bundles == [("a", bytes(size)) for size in sizes]
            assert left.reports == [Report(transfer_name(bytes(size)), TAKEN) for size in sizes]
        assert left.detached == [("b", "the node stops")]
        assert right.detached == [("a", "the peer ended it: unknown")]

    run(test)


def test_a_refused_bundle_is_reported_as_refused():
    async def test() -> None:
        left, right = FakeHub(), FakeHub(lambda bundle: REFUSED if len(bundle) > 10 else TAKEN)
        async with pair("tcpcl", left, right):
            await left.until(lambda: bool(left.links))
            left.send(bytes(11))
            left.send(bytes(10))
            await left.until(lambda: len(left.reports) == 2)
        assert [report.status for report in left.reports] == [REFUSED, TAKEN]

    run(test)


def test_a_bundle_beyond_the_peers_mru_never_leaves():
    async def test() -> None:
        left, right = FakeHub(), FakeHub()
        async with pair("tcpcl", left, right, transfer_mru=1000):
            await left.until(lambda: bool(left.links))
            left.send(bytes(1001))
            await left.until(lambda: bool(left.reports))
        assert left.reports[0].status == REFUSED
        assert not right.bundles

    run(test)


def test_a_question_about_what_never_came_is_answered_with_all_of_it():
    async def test() -> None:
        left, right = FakeHub(), FakeHub()
        async with pair("tcpcl", left, right):
            await left.until(lambda: bool(left.links))
            left.links[0].send(encode_segment(Segment(b"n" * 12, 500, 0, b"", True)))
            await left.until(lambda: bool(left.reports))
        assert left.reports == [Report(b"n" * 12, MISSING, ((0, 500),))]

    run(test)


def test_a_node_that_gives_no_verdict_is_not_flooded():
    """It stops reading, the sender's segments stay with the sender, and nobody holds more than the bounds."""

    async def test() -> None:
        left, right = FakeHub(), FakeHub(lambda bundle: None)
        async with pair("tcpcl", left, right, waiting_bytes=1 << 20):
            await left.until(lambda: bool(left.links))
            link = left.links[0]
            for n in range(400):
                left.send(n.to_bytes(4, "big") * 25_000)
            for _ in range(200):
                await asyncio.sleep(0)
            # what is read at once (256 KiB) and a segment may come on top of the bound
            assert sum(len(bundle) for _, bundle in right.bundles) < (1 << 20) + (1 << 19)
            assert link._session.queued_bytes > 20_000_000
            assert link._transport.get_write_buffer_size() < 3 << 20
            right.judge = lambda bundle: TAKEN
            for _, bundle in list(right.bundles):
                for frame in report_frames([Report(transfer_name(bundle), TAKEN)]):
                    right.links[0].send(frame)
            await left.until(lambda: len(left.reports) == 400)
            assert len(right.bundles) == 400

    run(test)


def test_reading_stops_when_the_hub_says_so():
    async def test() -> None:
        left, right = FakeHub(), FakeHub()
        async with pair("tcpcl", left, right):
            await left.until(lambda: bool(left.links and right.links))
            await right.until(lambda: bool(right.links))
            right.links[0].pause_reading()
            left.send(b"bundle")
            for _ in range(20):
                await asyncio.sleep(0)
            assert not right.bundles
            right.links[0].resume_reading()
            await right.until(lambda: bool(right.bundles))

    run(test)


def test_a_link_that_breaks_is_made_again_and_nothing_is_lost_or_doubled():
    """Two whole nodes; the connection is cut nine times, at whatever the two were doing."""

    async def test() -> None:
        left, right = AgentHub("a", []), AgentHub("b", [])
        payloads = [n.to_bytes(2, "big") * 1000 for n in range(300)]
        async with pair("tcpcl", left, right) as (a, _):
            for n, payload in enumerate(payloads):
                left.submit("b", payload)
                if n % 33 == 32:
                    await left.until(lambda: "b" in left.links)
                    for link in list(a.links):
                        link.abort()
            await right.until(lambda: len(right.delivered) >= 300, 20)
            await left.until(lambda: left.agent.stored_bundles == 0, 20)
        assert sorted(right.delivered) == payloads
        assert not left.refused + right.refused
        assert not [key for key in left.saved if key.startswith(PREFIX)]
        assert left.breaks >= 9
        assert left.asked > 0, "what was on its way when a link broke is asked after in the next"
        left.stop()
        right.stop()

    run(test)


def test_too_many_sessions_hear_that_we_are_busy():
    async def test() -> None:
        left, right = FakeHub(), FakeHub()
        b = Wires(right, SessionPolicy(node_id=node_id("b")), None, SOON, sessions=1)
        a = [Wires(left, SessionPolicy(node_id=node_id(name)), None, SOON) for name in ("a", "c")]
        port = await b.listen(Wire("tcpcl", HOST, 0))
        await a[0].dial(Wire("tcpcl", HOST, port))
        await right.until(lambda: bool(right.links))
        reader, writer = await asyncio.open_connection(HOST, port)
        writer.write(b"dtn!\x04\x00")
        assert await reader.read() == b"dtn!\x04\x00\x05\x00\x03"
        writer.close()
        await writer.wait_closed()
        for wires in (*a, b):
            await wires.close()

    run(test)


def test_a_stranger_who_speaks_http_is_hung_up_on():
    async def test() -> None:
        hub = FakeHub()
        b = Wires(hub, SessionPolicy(node_id=node_id("b")), None, SOON)
        port = await b.listen(Wire("tcpcl", HOST, 0))
        reader, writer = await asyncio.open_connection(HOST, port)
        writer.write(b"GET / HTTP/1.0\r\n\r\n")
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()
        await b.close()
        assert not hub.links + hub.detached

    run(test)


# TLS -----------------------------------------------------------------------------------------------------------------

KEYS = {name: Ed25519PrivateKey.generate() for name in ("a", "b", "c")}
PUBLIC = {node_id(name): raw_key(key.public_key()) for name, key in KEYS.items()}


def by_key(name: str, knows: str, key: str = "") -> ByKey:
    """The node `name` with its key (or another's), knowing the keys of these nodes."""
    table = {node_id(known): PUBLIC[node_id(known)] for known in knows}
    return ByKey(node_id(name), KEYS[key or name], lambda: table)


def by_authority(folder: Path, name: str, key: str, signer: str, believes: str) -> ByAuthority:
    """Files of the node `name`, signed by `signer`, who believes `believes`."""
    files = [folder / f"{name}-{key}-{signer}.{kind}" for kind in ("pem", "key", "ca")]
    files[0].write_bytes(make_certificate(node_id(name), KEYS[key], KEYS[signer]))
    files[1].write_bytes(KEYS[key].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    files[2].write_bytes(trust_anchor(raw_key(KEYS[believes].public_key())))
    return ByAuthority(*files)


async def meets(left, right, **policy) -> tuple[FakeHub, FakeHub, Wires]:
    """Whether `a` and `b` come to a session: until it is there or `a` has failed twice."""
    one, other = FakeHub(), FakeHub()
    async with pair("tcpcl", one, other, (left, right), **policy) as (a, _):
        made = a._made
        tries = []

        def counted(*arguments, **more):
            tries.append(made(*arguments, **more))
            one.changed.set()
            return tries[-1]

        a._made = counted
        await one.until(lambda: bool(one.links) or len(tries) >= 3)
        if one.links:
            assert one.links[0].secured == (left is not None and right is not None)
            one.send(b"secret")
            await one.until(lambda: bool(one.reports))
        return one, other, a


@pytest.mark.parametrize(
    ("left", "right", "meet"),
    [
        (("a", "b"), ("b", "a"), True),
        (("a", "bc"), ("b", "ac"), True),
        (("a", "b"), ("b", "c"), False),  # b does not know a
        (("a", "c"), ("b", "a"), False),  # a does not know b
        (("a", "b"), ("b", ""), False),  # b knows nobody
        (("a", "b", "c"), ("b", "ac"), False),  # c, whom b knows, says it is a
    ],
)
def test_by_key_only_nodes_that_know_each_other_meet(left, right, meet):
    async def test() -> None:
        one, other, _ = await meets(by_key(*left), by_key(*right), require_tls=True)
        assert [bundle for _, bundle in other.bundles] == ([b"secret"] if meet else [])
        assert bool(one.reports) == meet

    run(test)


def strange_id(key: bytes) -> str:
    return f"dtn://k{key.hex()}/"


@pytest.mark.parametrize(
    ("name", "key", "let_in"),
    [("", "c", True), ("c", "c", False), ("a", "c", False), ("a", "a", True)],
)
def test_a_stranger_may_join_under_the_name_of_its_key_and_no_other(name, key, let_in):
    """`b` knows `a` only; whoever dials it knows `b`."""

    async def test() -> None:
        said = node_id(name) if name else strange_id(PUBLIC[node_id(key)])
        dials = ByKey(said, KEYS[key], lambda: {node_id("b"): PUBLIC[node_id("b")]})
        hears = ByKey(node_id("b"), KEYS["b"], lambda: {node_id("a"): PUBLIC[node_id("a")]}, strange_id)
        left, right = FakeHub(), FakeHub()
        policy = SessionPolicy(node_id=said, can_tls=True, require_tls=True)
        b = Wires(right, SessionPolicy(node_id=node_id("b"), require_tls=True), hears, SOON)
        port = await b.listen(Wire("tcpcl", HOST, 0))
        link = TcpclLink(left, policy, True, dials)
        link.gone.add_done_callback(lambda _: left.changed.set())
        await asyncio.get_running_loop().create_connection(lambda: link, HOST, port)
        await left.until(lambda: link.gone.done() or bool(left.links))
        assert bool(left.links) == let_in
        assert [one.peer for one in right.links] == ([said[6:-1]] if let_in else [])
        link.abort()
        await link.gone
        await b.close()

    run(test)


@pytest.mark.parametrize(
    ("left", "right", "meet"),
    [
        (("a", "a", "c", "c"), ("b", "b", "c", "c"), True),
        (("a", "a", "c", "c"), ("b", "b", "a", "c"), False),  # b's certificate is by somebody else
        (("a", "a", "b", "c"), ("b", "b", "c", "c"), False),  # so is a's
        (("c", "a", "c", "c"), ("b", "b", "c", "c"), False),  # a shows a certificate for c
    ],
)
def test_by_authority_only_nodes_that_it_has_named_meet(left, right, meet, tmp_path):
    async def test() -> None:
        sides = by_authority(tmp_path, *left), by_authority(tmp_path, *right)
        _, other, _ = await meets(*sides, require_tls=True)
        assert [bundle for _, bundle in other.bundles] == ([b"secret"] if meet else [])

    run(test)


def test_a_peer_without_tls_is_turned_away_where_it_is_required():
    async def test() -> None:
        _, other, _ = await meets(None, by_key("b", "c"), require_tls=False)
        assert other.bundles, "opportunistic: without TLS on one side there is none"
        left, right, _ = await meets(None, by_key("b", "a"), require_tls=False)
        assert not left.links + right.links, "a name whose key is known is nobody's without that key"
        left, right = FakeHub(), FakeHub()
        b = Wires(right, SessionPolicy(node_id=node_id("b"), require_tls=True), by_key("b", "a"), SOON)
        port = await b.listen(Wire("tcpcl", HOST, 0))
        reader, writer = await asyncio.open_connection(HOST, port)
        writer.write(b"dtn!\x04\x00")
        assert await reader.read() == b"dtn!\x04\x01\x05\x00\x04"
        writer.close()
        await writer.wait_closed()
        await b.close()
        assert not left.links + right.links

    run(test)


def test_tls_files_that_do_not_belong_together_are_named(tmp_path):
    good = by_authority(tmp_path, "a", "a", "c", "c")
    other = by_authority(tmp_path, "b", "b", "c", "c")
    with pytest.raises(DataError, match="PEM files that belong together"):
        ByAuthority(good.chain, other.key, good.authority)
    with pytest.raises(DataError, match="PEM files that belong together"):
        ByAuthority(Path(), Path(), Path())
    assert good.context(server=False).minimum_version == ssl.TLSVersion.TLSv1_3


def test_tls_files_that_went_bad_while_it_runs_end_the_session_and_not_in_a_traceback(tmp_path):
    async def test() -> None:
        files = by_authority(tmp_path, "b", "b", "c", "c")
        b = Wires(FakeHub(), SessionPolicy(node_id=node_id("b")), files, SOON)
        port = await b.listen(Wire("tcpcl", HOST, 0))
        files.chain.unlink()
        reader, writer = await asyncio.open_connection(HOST, port)
        writer.write(b"dtn!\x04\x01")
        assert await asyncio.wait_for(reader.read(), 5) == b"dtn!\x04\x01", "ours, and the end: no waiting for TLS"
        writer.close()
        await writer.wait_closed()
        await b.close()

    run(test)


# Others --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["stcp", "mtcp"])
def test_framed_bundles_arrive_and_count_as_taken_when_handed_over(kind):
    async def test() -> None:
        left, right = FakeHub(), FakeHub()
        async with pair(kind, left, right):
            await left.until(lambda: bool(left.links))
            for size in (1, 1000, 3_000_000):
                left.send(bytes(size))
            await left.until(lambda: len(left.reports) == 3)
            await right.until(lambda: len(right.bundles) == 3)
        assert right.bundles == [("a", bytes(1)), ("a", bytes(1000)), ("a", bytes(3_000_000))]
        assert {report.status for report in left.reports} == {TAKEN}

    run(test)


@pytest.mark.parametrize(("kind", "bad"), [("stcp", b"\xff\xff\xff\xff"), ("mtcp", b"\x5f"), ("mtcp", b"\x18\x18")])
def test_a_framed_stream_that_makes_no_sense_is_closed(kind, bad):
    async def test() -> None:
        hub = FakeHub()
        b = Wires(hub, SessionPolicy(node_id=node_id("b")), None, SOON)
        port = await b.listen(Wire(kind, HOST, 0))
        reader, writer = await asyncio.open_connection(HOST, port)
        writer.write(bad)
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()
        await hub.until(lambda: bool(hub.detached))
        assert hub.detached[0][0].startswith(f"{kind}.127.0.0.1.")
        await b.close()

    run(test)


def test_datagrams_are_bundles_of_the_neighbour_at_their_address():
    async def test() -> None:
        left, right = FakeHub(), FakeHub()
        a = Wires(left, SessionPolicy(node_id=node_id("a")), None, SOON)
        b = Wires(right, SessionPolicy(node_id=node_id("b")), None, SOON)
        ports = [await wires.listen(Wire("udp", HOST, 0)) for wires in (a, b)]
        await a.dial(Wire("udp", HOST, ports[1], "b", 10_000_000))
        loop = asyncio.get_running_loop()
        stranger, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, remote_addr=(HOST, ports[1]))
        stranger.sendto(b"nobody's")
        async with asyncio.timeout(10):
            while b._ports[0].counts != {"stranger": 1}:
                await asyncio.sleep(0)
        await b.dial(Wire("udp", HOST, ports[0], "a", 10_000_000))
        left.send(b"one way")
        left.send(bytes(DATAGRAM_BYTES))
        left.send(bytes(DATAGRAM_BYTES + 1))
        await right.until(lambda: len(right.bundles) == 2)
        await left.until(lambda: len(left.reports) == 3)
        assert right.bundles == [("a", b"one way"), ("a", bytes(DATAGRAM_BYTES))]
        assert sorted(report.status for report in left.reports) == [TAKEN, TAKEN, REFUSED]
        stranger.close()
        await a.close()
        await b.close()
        assert left.detached == [("b", "the node stops")]

    run(test)


# Writing wires down --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "wire"),
    [
        ("tcpcl://127.0.0.1:4556", Wire("tcpcl", "127.0.0.1", 4556)),
        ("tcpcl://svalbard@example.org", Wire("tcpcl", "example.org", 4556, "svalbard")),
        ("udp://ipn:2@10.0.0.1:4000?rate_bps=9600", Wire("udp", "10.0.0.1", 4000, "ipn:2", 9600)),
        ("stcp://[::1]:4557", Wire("stcp", "::1", 4557)),
        ("mtcp://zero@h:1?crc=none&rate_bps=8", Wire("mtcp", "h", 1, "zero", 8, sums=False)),
    ],
)
def test_a_wire_is_read(text, wire):
    assert parse_wire(text) == wire


WRONG_SUMS = ["mtcp://h:1?crc=32", "tcpcl://h:1?crc=none", "udp://h:1?crc=none"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tcp://h:1",
        "tcpcl://",
        "tcpcl://h:99999",
        "tcpcl://h/path",
        "udp://h:1?rate=3",
        "udp://h?rate_bps=-3",
        *WRONG_SUMS,
    ],
)
def test_what_is_no_wire_is_told_how_to_write_one(text):
    with pytest.raises(DataError, match="KIND"):
        parse_wire(text)


def test_node_ids_are_those_of_the_schemes():
    assert (node_id("svalbard"), node_id("ipn:2"), node_id("ipn:5.2")) == ("dtn://svalbard/", "ipn:2.0", "ipn:5.2.0")


def test_back_off_doubles_to_a_minute_at_most():
    waits = [BackOff().wait_s(failures) for failures in range(12)]
    for failures, wait in enumerate(waits):
        full = min(60.0, 2.0**failures)
        assert 0.75 * full <= wait <= full


def test_whole_frames_are_named_by_their_content():
    assert whole_frame(b"x") == encode_segment(Segment(transfer_name(b"x"), 1, 0, b"x", True))
