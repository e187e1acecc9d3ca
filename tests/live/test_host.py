"""A live node: nothing leaves before it is on disk, and nothing is lost or doubled whenever it is killed."""

from __future__ import annotations

import asyncio
import threading

import msgspec
import pytest

from live.faulty_disk import FaultyDisk
from live.pairs import host_of, join, journal_on
from orbitalcloud.core import Seed, Unreachable, records
from orbitalcloud.live.host import NodeHost
from orbitalcloud.node.letters import POST, TAKE, Letter, Post, Take
from orbitalcloud.node.mailboxes import Quota


def post(host: NodeHost, to: str, *payloads: bytes, stream: str = "", first: int = 0):
    letters = tuple(Letter(to, payload) for payload in payloads)
    return host.command(POST, msgspec.msgpack.encode(Post(letters, stream, first)))


async def settled(*hosts: NodeHost) -> None:
    """Come back when nothing is on its way."""
    for _ in range(2000):
        await asyncio.sleep(0)
        await asyncio.gather(*(host.durable() for host in hosts if host.journal is not None))
        if not any(host.node.agent.stored_bundles for host in hosts):
            return
    raise AssertionError("bundles are still stored")


def test_a_letter_arrives_in_the_mailbox_of_its_service_and_is_there_after_a_restart():
    async def scene() -> None:
        disk = FaultyDisk()
        a, b = host_of("a"), host_of("b", journal_on(disk))
        join(a, b)
        await post(a, "dtn://b/weather", b"rain", b"sun").durable
        await settled(a, b)
        again = host_of("b", journal_on(disk))
        assert [mail.payload for mail in again.node.mail.later("weather", 0, 9)] == [b"rain", b"sun"]
        first = again.node.mail.later("weather", 0, 9)[0]
        assert (first.source, first.number) == ("dtn://a/", 1)
        await again.command(TAKE, msgspec.msgpack.encode(Take("weather", 1))).durable
        third = host_of("b", journal_on(disk))
        assert [mail.payload for mail in third.node.mail.later("weather", 0, 9)] == [b"sun"]
        join(a, third)
        await post(a, "dtn://b/weather", b"hail").durable
        await settled(a, third)
        numbers = [mail.number for mail in third.node.mail.later("weather", 0, 9)]
        assert numbers == sorted(set(numbers))
        assert numbers[0] == 2

    asyncio.run(scene())


def test_nothing_leaves_while_the_disk_is_busy():
    class Slow(FaultyDisk):
        """Syncs when allowed."""

        gate = threading.Event()

        def sync(self, name: str) -> None:
            assert self.gate.wait(10)
            super().sync(name)

    async def scene() -> None:
        disk = Slow()
        disk.gate.set()
        a, b = host_of("a", journal_on(disk)), host_of("b")
        link, _ = join(a, b)
        await a.durable()
        disk.gate.clear()
        taken = post(a, "dtn://b/x", b"1").durable
        later = post(a, "dtn://b/x", b"2").durable
        for _ in range(50):
            await asyncio.sleep(0)
        assert (link.sent, taken.done(), later.done()) == ([], False, False)
        assert a.node.agent.stored_bundles == 2
        disk.gate.set()
        await taken
        await settled(a, b)
        assert len(link.sent) == 2
        assert [mail.payload for mail in b.node.mail.later("x", 0, 9)] == [b"1", b"2"]

    asyncio.run(scene())


def test_a_disk_that_fails_stops_the_node_and_nothing_more_leaves():
    async def scene() -> None:
        disk = FaultyDisk()
        a, b = host_of("a", journal_on(disk)), host_of("b")
        link, _ = join(a, b)
        await a.durable()
        disk.dies_at = disk.steps + 1  # the append succeeds, its sync does not
        promise = post(a, "dtn://b/x", b"1").durable
        with pytest.raises(Unreachable, match="the node stops"):
            await a.failed
        post(a, "dtn://b/x", b"2")
        await asyncio.sleep(0.01)
        assert link.sent == []
        assert not promise.done() or promise.cancelled()

    asyncio.run(scene())


LETTERS = 24


async def through_deaths(seed: Seed, died: list[int]) -> list[bytes]:
    """Send numbered letters from a to b while the power goes at chosen steps of either disk; what the reader read."""
    disks = {"a": FaultyDisk(), "b": FaultyDisk()}
    hosts: dict[str, NodeHost] = {}
    read: list[bytes] = []
    cursor = sent = round_ = 0
    while len(read) < LETTERS:
        round_ += 1
        assert round_ < 400, "it goes on for ever"
        for name in ("a", "b"):
            if name in hosts and not hosts[name].failed.done():
                continue
            try:
                disks[name].dies_at = disks[name].steps + 3 + seed.below(12, 1000 * round_ + ord(name))
                hosts[name] = host_of(name, journal_on(disks[name]))
            except OSError:
                disks[name] = disks[name].after_power_cut(seed.child(f"{name} {round_}"))
                break
        else:
            a, b = hosts["a"], hosts["b"]
            link, _ = join(a, b)
            while not a.failed.done() and not b.failed.done() and len(read) < LETTERS:
                if sent < LETTERS:
                    promise = post(a, "dtn://b/in", b"%d" % sent, b"%d" % (sent + 1), stream="s", first=sent).durable
                    await asyncio.wait([promise, a.failed], return_when=asyncio.FIRST_COMPLETED)
                    if a.failed.done() or promise.cancelled():
                        break
                    sent += 2
                if cursor:
                    b.command(TAKE, msgspec.msgpack.encode(Take("in", cursor)))
                found = b.node.mail.later("in", cursor, 100)
                shown = b.durable()
                await asyncio.wait([shown, b.failed], return_when=asyncio.FIRST_COMPLETED)
                if b.failed.done() or shown.cancelled():
                    break
                read += [mail.payload for mail in found]
                cursor = max([cursor, *(mail.number for mail in found)])
                await asyncio.sleep(0)
            link.close()
            for name in ("a", "b"):
                if hosts[name].failed.done():
                    assert isinstance(hosts[name].failed.exception(), Unreachable)
                    died[0] += 1
                    disks[name] = disks[name].after_power_cut(seed.child(f"{name} {round_}"))
    return read


def test_the_power_goes_again_and_again_at_either_end_and_every_letter_is_read_once():
    died = [0]
    for number in range(12):
        read = asyncio.run(through_deaths(Seed.of(number), died))
        assert sorted(int(payload) for payload in read) == list(range(LETTERS)), number
    assert died[0] > 100, "the power went often"


def test_a_stream_takes_each_number_once_and_goes_on_where_it_was():
    async def scene() -> None:
        a = host_of("a", journal_on(disk := FaultyDisk()))
        await post(a, "dtn://b/x", b"0", b"1", stream="s").durable
        assert post(a, "dtn://b/x", b"0", b"1", stream="s").entries == []
        made = post(a, "dtn://b/x", b"1", b"2", stream="s", first=1).entries
        assert [type(entry) for entry in made].count(records.BundleCreated) == 1
        (refused,) = post(a, "dtn://b/x", b"9", stream="s", first=9).entries
        assert isinstance(refused, records.FrameRefused)
        assert "goes on with 3" in refused.detail
        await a.durable()
        assert host_of("a", journal_on(disk)).node.next_number("s") == 3

    asyncio.run(scene())


def test_half_a_post_is_not_sent_where_the_other_half_is_wrong():
    async def scene() -> None:
        a = host_of("a")
        letters = (Letter("dtn://b/x", b"1"), Letter("not an endpoint", b"2"))
        entries = a.command(POST, msgspec.msgpack.encode(Post(letters))).entries
        assert [type(entry) for entry in entries] == [records.FrameRefused]
        assert a.node.agent.stored_bundles == 0

    asyncio.run(scene())


def test_a_full_mailbox_refuses_and_the_sender_keeps_the_letter():
    async def scene() -> None:
        a, b = host_of("a"), host_of("b", quota=Quota(letters=4))
        join(a, b)
        for number in range(3):
            post(a, "dtn://b/x", b"%d" % number)
        for _ in range(20):
            await asyncio.sleep(0)
        assert len(b.node.mail) == 2, "one service may fill half"
        assert a.node.agent.stored_bundles == 1
        (waits,) = [entry for entry in a.newest if isinstance(entry, records.BundleWaits)]
        assert waits.why.rule == "refused"

    asyncio.run(scene())


def test_ping_comes_back_and_two_echoes_do_not_go_on_for_ever():
    async def scene() -> None:
        a, b = host_of("a"), host_of("b")
        join(a, b)
        letter = Letter("dtn://b/ping", b"now", source_service="me")
        a.command(POST, msgspec.msgpack.encode(Post((letter, Letter("dtn://b/ping", b"", source_service="ping")))))
        await settled(a, b)
        (mail,) = a.node.mail.later("me", 0, 9)
        assert (mail.payload, mail.source) == (b"now", "dtn://b/ping")
        assert a.counts[records.BundleCreated] == 2
        assert b.counts[records.BundleCreated] == 1

    asyncio.run(scene())


def test_the_link_that_is_left_carries_on_when_the_other_closes():
    async def scene() -> None:
        a, b = host_of("a"), host_of("b")
        first, _ = join(a, b)
        second, _ = join(a, b)
        second.close()
        post(a, "dtn://b/x", b"1")
        await settled(a, b)
        assert len(first.sent) >= 1
        first.close()
        assert a.links == {}
        post(a, "dtn://b/x", b"2")
        assert a.node.agent.stored_bundles == 1

    asyncio.run(scene())
