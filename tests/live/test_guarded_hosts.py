"""Who is believed on live nodes: names that are keys, names that are bound, and what a rule lets in."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from live.pairs import join
from orbitalcloud.core import DataError, Seed, records
from orbitalcloud.live.host import NodeHost
from orbitalcloud.live.node_config import NodeConfig, bound_names, shared_secret, source_rules
from orbitalcloud.live.node_process import node_of
from orbitalcloud.live.wall import WallClock
from orbitalcloud.network import Petnames, endpoint, key_name, making
from orbitalcloud.network.bundle import BLOCK_INTEGRITY, Block, Bundle, decode, encode
from orbitalcloud.network.convergence import Segment, encode_segment, transfer_name
from orbitalcloud.network.identity import public_of
from orbitalcloud.network.security import SourceRule, source_policy
from orbitalcloud.node.letters import POST, Letter, Post
from orbitalcloud.node.post import NetworkNode
from orbitalcloud.node.vault import NETWORK


def private_of(word: str) -> bytes:
    return Seed.of(61).child(word).bytes(32)


def key_of(word: str) -> bytes:
    return public_of(private_of(word))


def host_of(
    word: str,
    *rules: str,
    name: str = "",
    security: str = "signed",
    keys: dict[str, str] | None = None,
    secret: bytes = b"",
) -> NodeHost:
    """A host with the policy that `orbital node` would give it."""
    config = NodeConfig(security=security, rules=rules, keys=keys or {})
    private, name = private_of(word), name or key_name(key_of(word))
    lies = name.startswith("z6Mk") and name != key_name(key_of(word))
    names = Petnames() if lies else bound_names(config, name, key_of(word))
    policy = source_policy(config.security, source_rules(config), names)
    node = NetworkNode(name, private, policy=policy, names=names)
    host = NodeHost(node, None, secrets={NETWORK: secret} if secret else None)
    host.start()
    return host


async def told(*hosts: NodeHost) -> None:
    for _ in range(60):
        await asyncio.sleep(0)
    for host in hosts:
        if host.failed.done():
            host.failed.result()


def letter(host: NodeHost, to: str, payload: bytes = b"hallo") -> None:
    host.command(POST, msgspec.msgpack.encode(Post((Letter(f"dtn://{to}/in", payload),))))


class Carrier:
    """A neighbour without software of ours: a link by which frames come."""

    reliable, kind, rate_bps = True, "tcpcl", 0

    def __init__(self, peer: str) -> None:
        self.peer = peer
        self.sent: list[bytes] = []

    def send(self, frame: bytes) -> None:
        self.sent.append(frame)

    def close(self, reason: str = "") -> None:
        pass


def brought(host: NodeHost, bundle: Bundle, by: str = "carrier") -> list[object]:
    """The host's entries on a bundle that a neighbour hands over."""
    before, wire = sum(host.counts.values()), encode(bundle)
    host.received(Carrier(by), encode_segment(Segment(transfer_name(wire), len(wire), 0, wire, True)))
    new = sum(host.counts.values()) - before
    return list(host.newest)[-new:] if new else []


def stored(host: NodeHost) -> Bundle:
    """The one bundle that the host has in store, as it would send it."""
    (held,) = [entry for entry in host.node.agent.stored(9) if entry.destination != "prophet"]
    return decode(held.wire)


def plain(source: str, to: str, sequence: int = 1) -> Bundle:
    """A bundle that nobody signed."""
    return making.make_bundle(
        endpoint(to, "in"),
        endpoint(source),
        WallClock().now(),
        sequence,
        3_600_000,
        b"hallo",
        1,
        16,
        0,
        endpoint(source),
    )


def refusals(entries: list[object]) -> list[str]:
    return [entry.why.rule for entry in entries if isinstance(entry, records.BundleRefused)]


def test_a_stranger_is_verified_by_its_name_alone():
    async def scene() -> None:
        a, b = host_of("a"), host_of("b")
        join(a, b)
        letter(a, b.node.name)
        await told(a, b)
        (mail,) = b.node.mail.later("in", 0, 9)
        assert mail.source == f"dtn://{a.node.name}/"
        (entry,) = [one for one in b.newest if isinstance(one, records.BundleDelivered) and one.bundle == mail.bundle]
        assert entry.security == f"signed by dtn://{a.node.name}/"

    asyncio.run(scene())


def test_a_forged_source_is_refused_where_it_ends_and_on_its_way():
    async def scene() -> None:
        a, b, mallory = host_of("a"), host_of("b"), host_of("mallory", name=key_name(key_of("a")))
        assert mallory.node.name == a.node.name
        for at in (b, host_of("relay")):
            letter(mallory, b.node.name)
            assert refusals(brought(at, stored(mallory))) == ["security-failed"]
            assert refusals(brought(at, plain(a.node.name, b.node.name))) == ["security-missing"]
            assert at.counts[records.BundleRefused] == 2
            assert at.node.agent.stored_bundles == len(at.node.mail) == 0
            mallory = host_of("mallory", name=key_name(key_of("a")))

    asyncio.run(scene())


def test_what_was_altered_on_the_way_is_refused_by_the_next_relay():
    async def scene() -> None:
        a, relay = host_of("a"), host_of("relay")
        letter(a, host_of("b").node.name)
        good = stored(a)
        assert good.block(BLOCK_INTEGRITY) is not None
        blocks = tuple(msgspec.structs.replace(one, data=b"hello") if one.type == 1 else one for one in good.blocks)
        assert refusals(brought(relay, msgspec.structs.replace(good, blocks=blocks))) == ["security-failed"]
        later = msgspec.structs.replace(good, lifetime_ms=good.lifetime_ms + 1)
        assert refusals(brought(relay, later)) == ["security-failed"], "the signature covers the primary block"
        assert refusals(brought(relay, good)) == []
        assert relay.node.agent.stored_bundles == 1

    asyncio.run(scene())


def test_a_foreign_daemon_is_taken_unsigned_only_where_a_rule_says_so():
    async def scene() -> None:
        foreign = plain("ipn:7", host_of("b").node.name)
        assert refusals(brought(host_of("b"), foreign)) == ["security-missing"]
        assert refusals(brought(host_of("b", "ipn:8 none", "svalbard none"), foreign)) == ["security-missing"]
        for rule in ("ipn:7 none", "ipn:* none", "* none"):
            b = host_of("b", rule)
            assert refusals(brought(b, foreign)) == []
            assert len(b.node.mail) == 1
            forged = plain(host_of("a").node.name, b.node.name, 2)
            assert refusals(brought(b, forged)) == ["security-missing"], "a rule for many excuses nobody with a key"

    asyncio.run(scene())


def test_a_chosen_name_is_believed_with_its_key_and_not_without():
    async def scene() -> None:
        alice = host_of("a", name="alice")
        letter(alice, host_of("b").node.name)
        bundle = stored(alice)
        assert refusals(brought(host_of("b"), bundle)) == ["security-unknown"]
        assert refusals(brought(host_of("b", keys={"alice": key_of("a").hex()}), bundle)) == []
        assert refusals(brought(host_of("b", keys={"alice": key_name(key_of("c"))}), bundle)) == ["security-failed"]
        loose = host_of("b", "* none", keys={"alice": key_of("a").hex()})
        assert refusals(brought(loose, plain("alice", loose.node.name))) == ["security-missing"]

    asyncio.run(scene())


def test_an_extension_block_that_falls_short_of_its_rule_is_taken_off():
    async def scene() -> None:
        b = host_of("b", "ipn:* none", "ipn:* signed 193")
        bundle = plain("ipn:7", host_of("c").node.name)
        bundle = msgspec.structs.replace(bundle, blocks=(Block(193, 9, b"ION's own"), *bundle.blocks))
        assert refusals(brought(b, bundle)) == []
        assert stored(b).block(193) is None

    asyncio.run(scene())


def test_what_is_sealed_is_read_by_those_who_share_the_secret():
    async def scene() -> None:
        secret = bytes(range(32))
        a, b = (host_of(word, security="sealed", secret=secret) for word in "ab")
        letter(a, b.node.name, b"for few eyes")
        bundle = stored(a)
        assert b"few eyes" not in encode(bundle)
        assert refusals(brought(b, bundle)) == []
        assert [mail.payload for mail in b.node.mail.later("in", 0, 9)] == [b"for few eyes"]
        other = host_of("b", security="sealed", secret=bytes(32))
        assert refusals(brought(other, bundle)) != []
        assert refusals(brought(b, plain(a.node.name, b.node.name))) == ["security-missing"]

    asyncio.run(scene())


@pytest.mark.parametrize(
    "rule", ["", "alice", "alice maybe", "a b none", "alice none x", "dtn://a/x none", "alice none 1 2"]
)
def test_a_rule_that_means_nothing_is_named(rule: str):
    with pytest.raises(DataError, match="write SOURCE LEVEL"):
        source_rules(NodeConfig(rules=(rule,)))


def test_rules_are_read_as_people_write_them_and_the_narrow_ones_stand_first():
    given = source_rules(NodeConfig(rules=("ipn:* none", "dtn://carol/ sealed", "* signed 193")))
    assert given == [SourceRule("ipn:*", "none"), SourceRule("carol", "sealed"), SourceRule("*", "signed", 193)]
    policy = source_policy("signed", given, Petnames({"dan": key_of("d")}))
    assert [one.source for one in policy.demands] == ["carol", "z6Mk*", "dan", "ipn:*", "*", "*"]
    with pytest.raises(DataError, match="give a secret"):
        shared_secret(NodeConfig(security="sealed"))


def test_nobody_begins_under_a_name_that_is_anothers_key():
    with pytest.raises(DataError, match="another's key"):
        bound_names(NodeConfig(), key_name(key_of("b")), key_of("a"))
    with pytest.raises(DataError, match="write the 64 hex digits"):
        bound_names(NodeConfig(keys={"alice": "0x12"}), "bob", key_of("b"))


def test_a_damaged_store_seals_no_more_with_the_old_secret(tmp_path):
    """Its boots count the IVs: AES-GCM is broken where one comes twice."""

    class Folder:
        private, public_key, name = private_of("a"), key_of("a").hex(), key_name(key_of("a"))

        class journal:
            salvaged = ("segment 3",)

    with pytest.raises(DataError, match="new secret"):
        node_of(NodeConfig(security="sealed", secret="s"), Folder.name, Folder)  # type: ignore[arg-type]
