"""MTCP live, both ways: pyD3TN's client to our node and on to its reader, our node to pyD3TN's server."""

from __future__ import annotations

import time

from orbitalcloud.network import decode
from orbitalcloud.network.bundle import HOP_COUNT, PREVIOUS_NODE

PAYLOADS = [bytes((n,)) * size for n, size in enumerate((1, 24, 1000, 70_000, 300_000))]


def made(codecs, payload: bytes, sequence: int, crc: int = 2, **more) -> str:
    """A bundle of pyD3TN's for our node."""
    ask = {
        "crc": crc,
        "flags": 0,
        "destination": "dtn://ours/inbox",
        "source": "dtn://theirs/app",
        "report_to": "dtn:none",
        "created_s": int(time.time()),
        "sequence": sequence,
        "lifetime_ms": 3_600_000,
        "payload": payload.hex(),
    }
    return codecs.ask(ask="make", **ask | more)


def test_pyd3tn_to_our_reader(codecs, peer, node):
    ours = node("ours", "--listen", "mtcp://127.0.0.1:0")
    theirs = peer("mtcp.py")
    bundles = [made(codecs, payload, n, 1 + n % 2) for n, payload in enumerate(PAYLOADS)]
    assert theirs.ask(ask="send", port=ours.ports[0], bundles=bundles) == len(bundles)
    letters = ours.recv("inbox", len(bundles))
    assert [letter["payload"] for letter in letters] == PAYLOADS
    assert {letter["from"] for letter in letters} == {"dtn://theirs/app"}
    assert theirs.ask(ask="send", port=ours.ports[0], bundles=bundles) == len(bundles)  # once more: all known
    bundles = [made(codecs, b"after", 99)]
    theirs.ask(ask="send", port=ours.ports[0], bundles=bundles)
    assert [letter["payload"] for letter in ours.recv("inbox")] == [b"after"], "delivered once"


def test_fragments_of_pyd3tn_are_put_together(codecs, peer, node):
    ours = node("ours", "--listen", "mtcp://127.0.0.1:0")
    whole = bytes(range(256)) * 40
    cuts = [(6000, 10_240), (0, 4096), (4000, 6500)]  # out of order, and two of them overlap
    made_s = int(time.time())
    parts = [
        made(codecs, whole[a:b], 5, flags=1, offset=a, total=len(whole), created_s=made_s, hops=[30, 1])
        for a, b in cuts
    ]
    peer("mtcp.py").ask(ask="send", port=ours.ports[0], bundles=parts)
    assert ours.recv("inbox")[0]["payload"] == whole


def test_our_node_to_pyd3tn(peer, node):
    theirs = peer("mtcp.py")
    port = theirs.ask(ask="listen")
    ours = node("ours", "--peer", f"mtcp://theirs@127.0.0.1:{port}")
    for payload in PAYLOADS:
        ours.send("dtn://theirs/app", payload)
    said = theirs.ask(ask="take", count=len(PAYLOADS))
    assert [bytes.fromhex(one["payload"]) for one in said] == PAYLOADS
    assert {(one["source"], one["destination"]) for one in said} == {("dtn://ours/", "dtn://theirs/app")}
    ours.until(lambda shown: shown.status.stored_bundles == 0)


def test_pyd3tn_through_our_relay_to_pyd3tn(codecs, peer, node):
    """What we pass on has our hop and our name in it, and is otherwise what pyD3TN wrote."""
    theirs = peer("mtcp.py")
    ours = node("ours", "--listen", "mtcp://127.0.0.1:0", "--peer", f"mtcp://far@127.0.0.1:{theirs.ask(ask='listen')}")
    bundle = made(codecs, b"far away", 3, 1, destination="dtn://far/app", hops=[30, 4], previous="dtn://theirs/")
    peer("mtcp.py").ask(ask="send", port=ours.ports[0], bundles=[bundle])
    before, after = decode(bytes.fromhex(bundle)), decode(bytes.fromhex(theirs.ask(ask="take", count=1)[0]["hex"]))
    assert after.hops == (30, 5)
    assert after.previous_node is not None
    assert after.previous_node.text == "dtn://ours/"
    unchanged = [block for block in before.blocks if block.type not in (HOP_COUNT, PREVIOUS_NODE)]
    assert [block for block in after.blocks if block.type not in (HOP_COUNT, PREVIOUS_NODE)] == unchanged
    assert (after.id, after.destination, after.lifetime_ms) == (before.id, before.destination, before.lifetime_ms)
    assert after.crc == before.crc


def test_an_answer_comes_back_on_the_connection_that_we_dialled(codecs, peer, node):
    theirs = peer("mtcp.py")
    port = theirs.ask(ask="listen")
    ours = node("ours", "--peer", f"mtcp://theirs@127.0.0.1:{port}")
    ours.send("dtn://theirs/app", b"question", "answers")
    assert theirs.ask(ask="take", count=1)[0]["source"] == "dtn://ours/answers"
    theirs.ask(ask="reply", bundles=[made(codecs, b"answer", 1, destination="dtn://ours/answers")])
    assert ours.recv("answers")[0]["payload"] == b"answer"
