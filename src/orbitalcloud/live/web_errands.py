"""Requests on their way: each a bundle to the gateway, and a thread that waits at the node for the answer.

A client that was told to come back later and asks the same again (GET, HEAD) is joined to the request that is already
on its way, or is given the answer that has come meanwhile.
"""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from orbitalcloud.core import SECOND, RemoteProtocolError, Unreachable
from orbitalcloud.core.errors import OrbitalError
from orbitalcloud.live.node_client import NodeClient
from orbitalcloud.network import parse_eid
from orbitalcloud.node.letters import Letter, Mail, Post
from orbitalcloud.node.web import ANSWERS, Ask, Headers, Reply, encode_web, read_reply

MOST_ERRANDS = 64
MOST_KEPT_BYTES = 64 << 20
"""Answers that nobody has taken yet."""
LOOK_S = 30.0
AGAIN_S = 1.0

Key = tuple[str, str, Headers]


@dataclass(eq=False, slots=True)
class Errand:
    """One request: done when there is a reply, or a reason why there will be none."""

    key: Key
    ask: Ask
    bundle: str = ""
    reply: Reply | None = None
    failure: str = ""
    done: threading.Event = field(default_factory=threading.Event)


class Errands:
    """The requests of one proxy to one gateway (an endpoint, such as dtn://bob/web)."""

    def __init__(self, store: Path, gateway: str, lifetime_ns: int, priority: int = 2) -> None:
        """`DataError` where the gateway is no endpoint; `Unreachable` where no node runs on `store`."""
        self.gateway = parse_eid(gateway)
        self.store, self.lifetime_ns, self.priority = store, lifetime_ns, priority
        self.counts: Counter[str] = Counter()
        with NodeClient(store) as client:
            self._numbered = client.show().status.name.startswith("ipn:")
        self._lock = threading.Lock()
        self._errands: list[Errand] = []

    def begin(self, ask: Ask) -> Errand | None:
        """The errand for this request: a new one, or one that is the same; None where there are too many."""
        key = (ask.method, ask.url, ask.headers)
        with self._lock:
            if ask.method != "POST":
                for one in self._errands:
                    if one.key == key:
                        self.counts["joined"] += 1
                        return one
            self._forget_kept()
            if len(self._errands) >= MOST_ERRANDS:
                self.counts["too many"] += 1
                return None
            made = Errand(key, ask)
            self._errands.append(made)
        self.counts["sent"] += 1
        threading.Thread(target=self._run, args=(made,), name="orbital-errand", daemon=True).start()
        return made

    def taken(self, errand: Errand) -> None:
        """Its answer was given to a client."""
        with self._lock:
            if errand in self._errands:
                self._errands.remove(errand)

    def _forget_kept(self) -> None:
        """Room for new ones: the oldest answers that nobody took go first, and those beyond the bound on bytes."""
        kept = [one for one in self._errands if one.done.is_set()]
        room = MOST_KEPT_BYTES
        for one in reversed(kept):
            room -= len(one.reply.body) if one.reply is not None else 0
            if room < 0 or one.failure or (len(self._errands) >= MOST_ERRANDS and one is kept[0]):
                self._errands.remove(one)

    # In the errand's thread -------------------------------------------------------------------------------------------

    def _run(self, errand: Errand) -> None:
        token = errand.ask.token
        service = str(2**32 + int(token[:8], 16)) if self._numbered else f"{ANSWERS}{token}"
        try:
            with NodeClient(self.store) as client:
                letter = Letter(self.gateway.text, encode_web(errand.ask), self.lifetime_ns, self.priority, service)
                said = client.say(Post((letter,)))
            errand.failure = said.refusal
            errand.bundle = next(iter(said.bundles), "")
            if not said.refusal:
                errand.reply = self._awaited(errand.ask, service)
                errand.failure = "" if errand.reply else "no answer came while request and answer may travel"
        except OrbitalError as error:
            errand.failure = str(error)
        finally:
            errand.done.set()

    def _awaited(self, ask: Ask, service: str) -> Reply | None:
        """The answer, whenever it comes within twice the lifetime; a node that restarts is waited for."""
        deadline = time.monotonic() + 2 * self.lifetime_ns / SECOND
        after = 0
        while (left := deadline - time.monotonic()) > 0:
            try:
                with NodeClient(self.store) as client:
                    for mail in client.read(service, after, 1, min(left, LOOK_S)):
                        after = mail.number
                        found = self._judged(ask, mail)
                        client.read(service, after, 1)
                        if found is not None:
                            return found
            except Unreachable:
                time.sleep(min(left, AGAIN_S))
        return None

    def _judged(self, ask: Ask, mail: Mail) -> Reply | None:
        """The answer in a letter, if it is the gateway's to this request; what is not is counted."""
        try:
            reply = read_reply(mail.payload)
            if parse_eid(mail.source).node == self.gateway.node and reply.token == ask.token:
                return reply
        except (RemoteProtocolError, OrbitalError):
            pass
        self.counts["not an answer"] += 1
        return None


def new_token() -> str:
    """A name for a request that nobody guesses: who does not know it cannot answer in the gateway's place."""
    return os.urandom(16).hex()
