"""The far end of the web proxy: takes requests from a node's mail, fetches, and posts the answers.

A GET or HEAD is confirmed to the node when its answer is on the node's disk: killed in between, it is made again. A
POST is confirmed before it is made: killed in between, it is not made at all, or its answer is lost, and the client is
told that this is not known.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from orbitalcloud.core import DataError, RemoteProtocolError, Unreachable
from orbitalcloud.core.time import DAY
from orbitalcloud.live.node_client import NodeClient
from orbitalcloud.live.web_fetch import FetchLimits, fetch
from orbitalcloud.live.web_origins import Origin
from orbitalcloud.node.letters import Letter, Mail, Post
from orbitalcloud.node.web import Ask, Reply, encode_web, read_ask

AT_ONCE = 8
LOOK_S = 1.0
"""How long one question to the node waits, so that the gateway hears that it is to stop."""

Tell = Callable[[Mail, Ask, Reply], object]


class Gateway:
    """Serves one service of the node on `store`. `tell` hears of each answer that was posted."""

    def __init__(
        self,
        store: Path,
        service: str,
        allowed: frozenset[Origin],
        limits: FetchLimits | None = None,
        tell: Tell | None = None,
        lifetime_ns: int = DAY,
    ) -> None:
        self.store, self.service, self.allowed = store, service, allowed
        self.limits, self.tell, self.lifetime_ns = limits or FetchLimits(), tell, lifetime_ns
        self.refused = 0
        """Mail that was no request."""

    def run(self, stop: threading.Event) -> None:
        """Serve until told to stop. `Unreachable` where no node runs at first; one that restarts is waited for."""
        NodeClient(self.store).close()
        with ThreadPoolExecutor(AT_ONCE, "orbital-fetch") as pool:
            while not stop.is_set():
                try:
                    with NodeClient(self.store) as client:
                        while not stop.is_set():
                            self._turn(client, pool, stop)
                except Unreachable:
                    stop.wait(LOOK_S)

    def _turn(self, client: NodeClient, pool: ThreadPoolExecutor, stop: threading.Event) -> None:
        """What is there now: safe requests together, a POST alone and confirmed first."""
        asked = list(self._asks(client.read(self.service, 0, AT_ONCE, LOOK_S)))
        while asked and not stop.is_set():
            if asked[0][1] is not None and asked[0][1].method == "POST":
                some = asked[:1]
                client.read(self.service, some[0][0].number, 1)
            else:
                count = next((i for i, (_, ask) in enumerate(asked) if ask and ask.method == "POST"), len(asked))
                some = asked[:count]
            done = list(pool.map(lambda one: fetch(one, self.allowed, self.limits), (ask for _, ask in some if ask)))
            for (mail, ask), reply in zip([one for one in some if one[1]], done, strict=True):
                assert ask is not None, "those without were left out"
                self._post(client, mail, ask, reply, stop)
            if not stop.is_set():
                client.read(self.service, some[-1][0].number, 1)
            asked = asked[len(some) :]

    def _asks(self, mails: tuple[Mail, ...]) -> Iterator[tuple[Mail, Ask | None]]:
        for mail in mails:
            try:
                yield mail, read_ask(mail.payload)
            except RemoteProtocolError:
                self.refused += 1
                yield mail, None

    def _post(self, client: NodeClient, mail: Mail, ask: Ask, reply: Reply, stop: threading.Event) -> None:
        """Hand the answer to the node, again where it has no room now."""
        letter = Letter(mail.source, encode_web(reply), self.lifetime_ns)
        while not stop.is_set():
            try:
                refusal = client.say(Post((letter,))).refusal
            except DataError:  # an address to which nothing can be sent: whoever wrote it wants no answer
                self.refused += 1
                return
            if not refusal:
                if self.tell is not None:
                    self.tell(mail, ask, reply)
                return
            stop.wait(LOOK_S)
