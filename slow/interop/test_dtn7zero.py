"""A node of dtn7zero (AGPL: a process that we talk to) and ours, bundles both ways over MTCP.

It knows neither CRCs nor fragments. So what we send it leaves without CRCs (`?crc=none`), and what it sends we take
only where a person said so (`--tolerate primary-crc`): RFC 9171 4.3.1 asks for a CRC on every primary block.
"""

from __future__ import annotations

import socket

from orbitalcloud.core import records


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


def test_both_ways(peer, node):
    port = free_port()
    zero = peer("zero.py", "dtn://zero/", str(port))
    ours = node(
        "ours",
        *("--listen", "mtcp://zero@127.0.0.1:0"),
        *("--peer", f"mtcp://zero@127.0.0.1:{port}?crc=none"),
        *("--tolerate", "primary-crc"),
    )
    ours.send("dtn://zero/inbox", b"from ours to dtn7zero")
    said = zero.ask(ask="take", wait_s=20)
    assert bytes.fromhex(said["payload"]) == b"from ours to dtn7zero"
    assert (said["source"], said["destination"], said["crc"]) == ("dtn://ours/", "dtn://zero/inbox", 0)

    zero.ask(ask="know", node="dtn://ours/", port=ours.ports[0])
    for number in range(3):
        zero.ask(ask="send", to="dtn://ours/inbox", payload=bytes((number,)).hex() * 500)
    letters = ours.recv("inbox", 3)
    assert sorted(letter["payload"] for letter in letters) == [bytes((number,)) * 500 for number in range(3)]
    assert {letter["from"] for letter in letters} == {"dtn://zero/inbox"}


def test_a_strict_node_says_why_it_takes_none_of_them(peer, node):
    port = free_port()
    zero, ours = peer("zero.py", "dtn://zero/", str(port)), node("ours", "--listen", "mtcp://127.0.0.1:0")
    zero.ask(ask="know", node="dtn://ours/", port=ours.ports[0])
    zero.ask(ask="send", to="dtn://ours/inbox", payload="00")
    shown = ours.until(lambda shown: shown.status.counts.get("FrameRefused"))
    refused = [entry for entry in shown.entries if isinstance(entry, records.FrameRefused)]
    assert {entry.check for entry in refused} == {"primary-crc"}


def test_dtn7zero_to_pyd3tn_through_ours(peer, node):
    """Two peers that never met: dtn7zero's bundle reaches pyD3TN's server by way of our node."""
    far = peer("mtcp.py")
    ours = node(
        "ours",
        *("--listen", "mtcp://127.0.0.1:0"),
        *("--peer", f"mtcp://far@127.0.0.1:{far.ask(ask='listen')}"),
        *("--tolerate", "primary-crc"),
    )
    zero = peer("zero.py", "dtn://zero/", str(free_port()))
    zero.ask(ask="know", node="dtn://ours/", port=ours.ports[0])
    zero.ask(ask="send", to="dtn://far/app", payload=b"across".hex())
    said = far.ask(ask="take", count=1)[0]
    assert (said["source"], bytes.fromhex(said["payload"])) == ("dtn://zero/inbox", b"across")
