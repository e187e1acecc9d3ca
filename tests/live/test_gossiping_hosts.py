"""Nodes that know one neighbour each learn the others' names, keys and links, and letters go by what they learned."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from itertools import pairwise

import msgspec

from live.pairs import join
from orbitalcloud.core import MILLISECOND, SECOND, Seed, records
from orbitalcloud.live.host import NodeHost
from orbitalcloud.live.status import status_of
from orbitalcloud.network import ContactPlan, Petnames, key_name
from orbitalcloud.network.identity import public_of
from orbitalcloud.network.notices import Contacts, Revocation, Window, sign_notice
from orbitalcloud.network.security import source_policy
from orbitalcloud.node.config import NoticeFacts
from orbitalcloud.node.letters import POST, Letter, Post
from orbitalcloud.node.post import NetworkNode

HOLD_NS = 3 * SECOND


def private_of(number: int) -> bytes:
    return Seed.of(60).child(f"gossip {number}").bytes(32)


def host_of(number: int, hold_ns: int = HOLD_NS) -> NodeHost:
    """A node that is named by its key, signs, and gossips quickly."""
    private = private_of(number)
    name, names = key_name(public_of(private)), Petnames()
    notices = NoticeFacts(
        names,
        ContactPlan(),
        contact_bytes=1 << 20,
        link_hold_ns=hold_ns,
        push_ns=10 * MILLISECOND,
        repair_ns=hold_ns // 3,
    )
    policy = source_policy("signed", (), names)
    host = NodeHost(NetworkNode(name, private, policy=policy, names=names, notices=notices), None)
    host.start()
    return host


async def until(true: Callable[[], bool], seconds: float = 8.0) -> None:
    """Come back when it is so."""
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends, "it does not become so"
        await asyncio.sleep(0.005)


def route(source: NodeHost, to: NodeHost) -> list[str]:
    """The nodes on the way, as the source sees them; empty where it knows none."""
    found = source.node.agent.route_to(source.clock.now(), to.node.name, 1000)
    return [contact.receiver for contact in found.contacts] if hasattr(found, "contacts") else []


def known(host: NodeHost) -> set[str]:
    return {one.name for one in status_of(host).known}


def letter(host: NodeHost, to: NodeHost, payload: bytes) -> None:
    host.command(POST, msgspec.msgpack.encode(Post((Letter(f"dtn://{to.node.name}/in", payload),))))


def test_five_in_a_line_find_each_other_and_a_letter_crosses_all_of_them():
    async def scene() -> None:
        hosts = [host_of(number) for number in range(5)]
        links = [join(a, b, "tcpcl")[0] for a, b in pairwise(hosts)]
        first, last = hosts[0], hosts[-1]
        names = [host.node.name for host in hosts]
        letter(first, last, b"too early")
        assert route(first, last) == []
        await until(lambda: route(first, last) == names[1:] and route(last, first) == names[-2::-1])
        assert all(known(host) == set(names) for host in hosts)
        letter(first, last, b"now")
        await until(lambda: len(last.node.mail) == 2)
        assert {mail.payload for mail in last.node.mail.later("in", 0, 9)} == {b"too early", b"now"}
        letters = {mail.bundle for mail in last.node.mail.later("in", 0, 9)}
        delivered = [one for one in last.newest if isinstance(one, records.BundleDelivered) and one.bundle in letters]
        assert [one.security for one in delivered] == [f"signed by dtn://{names[0]}/"] * 2

        links[2].close()  # the others hear from its ends that the middle link is gone
        await until(lambda: route(first, last) == [] and route(last, first) == [])
        assert route(first, hosts[2]) == names[1:3]
        join(hosts[2], hosts[3], "tcpcl")
        await until(lambda: route(first, last) == names[1:])

    asyncio.run(scene())


def test_a_node_that_falls_silent_is_out_of_the_plan_when_its_word_has_run_out():
    async def scene() -> None:
        hosts = [host_of(number) for number in range(4)]
        links = [join(a, b, "tcpcl") for a, b in pairwise(hosts)]
        await until(lambda: len(route(hosts[0], hosts[3])) == 3)
        for end in links[1]:  # silent, not closed: to both its ends the link looks as if it were up
            end.other = None
        for dead in hosts[2:]:
            await dead.stop()
        await until(lambda: route(hosts[0], hosts[3]) == [])
        assert route(hosts[0], hosts[1]) == [hosts[1].node.name], "who goes on speaking stays"

    asyncio.run(scene())


def test_one_end_alone_draws_no_traffic():
    async def scene() -> None:
        a, b, c = (host_of(number) for number in range(3))
        join(a, b, "tcpcl")
        liar, victim = private_of(9), c.node.name
        now_s = a.clock.now() // SECOND
        public = public_of(liar)
        windows = tuple(Window(peer, now_s, now_s + 600, 10**9) for peer in (victim, a.node.name))
        lie = Contacts(public, key_name(public), 1, 1, now_s, now_s + 600, windows)
        assert a.node.notices is not None
        assert a.node.notices.board.take(a.clock.now(), b.node.name, sign_notice(lie, liar).wire) is not None
        await until(lambda: route(a, b) == [b.node.name])
        assert route(a, c) == []
        assert key_name(public) in known(a), "it is heard of"

    asyncio.run(scene())


def test_a_key_that_was_revoked_signs_for_nobody_any_more():
    async def scene() -> None:
        a, b = host_of(0), host_of(1)
        join(a, b, "tcpcl")
        letter(a, b, b"mine")
        await until(lambda: len(b.node.mail) == 1)
        now = b.clock.now()
        key = public_of(private_of(0))
        said = Revocation(key, key_name(key), 1 << 50, 1, now // SECOND, 0, key, b"", "stolen")
        assert b.node.notices is not None
        b.node.notices.board.take(now, a.node.name, sign_notice(said, private_of(0)).wire)
        letter(a, b, b"the thief's")
        await until(lambda: b.counts.get(records.BundleRefused, 0) > 0)
        assert [mail.payload for mail in b.node.mail.later("in", 0, 9)] == [b"mine"]
        (gone,) = [one for one in status_of(b).known if one.ended]
        assert (gone.name, gone.ended) == (a.node.name, "revoked: stolen")

    asyncio.run(scene())
