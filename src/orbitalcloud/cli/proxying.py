"""`orbital net proxy` and `orbital net gateway`: the web by bundles, one end each."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from orbitalcloud.cli import output
from orbitalcloud.cli.posting import duration_ns
from orbitalcloud.core import SECOND, DataError
from orbitalcloud.live.web_errands import Errands
from orbitalcloud.live.web_fetch import FetchLimits
from orbitalcloud.live.web_gateway import Gateway
from orbitalcloud.live.web_origins import allowed_origins
from orbitalcloud.live.web_proxy import WebProxy
from orbitalcloud.node.letters import Mail
from orbitalcloud.node.web import Ask, Reply


def proxy(gateway: str, store: Path, listen: str, patience: str, lifetime: str, priority: int, as_json: bool) -> int:
    """Serve clients until Ctrl-C."""
    host, _, port = listen.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise DataError("--listen", listen, "write HOST:PORT, such as 127.0.0.1:8118")
    errands = Errands(store, gateway, duration_ns(lifetime), priority)
    with WebProxy((host.strip("[]"), int(port)), errands, duration_ns(patience, "--patience") / SECOND) as server:
        address = f"{host}:{server.server_address[1]}"
        if as_json:
            output.line({"listens": address, "gateway": errands.gateway.text})
        else:
            output.say(f"http_proxy=http://{address} goes by bundles to {errands.gateway.text}; Ctrl-C stops it")
            if not host.startswith("127.") and host not in ("localhost", "[::1]"):
                output.say("anybody who reaches this address can use it")
        with _stopping() as stop:
            serving = threading.Thread(target=server.serve_forever, name="orbital-proxy", daemon=True)
            serving.start()
            stop.wait()
            server.shutdown()
    if not as_json:
        output.say("stopped; " + (", ".join(f"{count} {what}" for what, count in errands.counts.items()) or "unused"))
    return 0


def gateway(store: Path, allow: list[str], service: str, most_kib: int, as_json: bool) -> int:
    """Fetch until Ctrl-C."""

    def tell(mail: Mail, ask: Ask, reply: Reply) -> None:
        if as_json:
            what = {"from": mail.source, "method": ask.method, "url": ask.url}
            output.line({**what, "status": reply.status, "bytes": len(reply.body), "refused": reply.by_gateway})
        else:
            output.say(f"{mail.source}  {ask.method} {ask.url}  {reply.status}, {len(reply.body)} bytes")

    made = Gateway(store, service, allowed_origins(allow), FetchLimits(body_bytes=most_kib << 10), tell)
    if as_json:
        output.line({"service": service, "allows": sorted(one.text for one in made.allowed)})
    else:
        shown = ", ".join(sorted(one.text for one in made.allowed))
        output.say(f"service {service} of the node on {store} fetches from {shown} and nowhere else; Ctrl-C stops it")
    with _stopping() as stop:
        made.run(stop)
    return 0


@contextmanager
def _stopping() -> Iterator[threading.Event]:
    """An event that Ctrl-C or SIGTERM sets."""
    stop = threading.Event()
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in numbers}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
