"""A page by bundles: a real client, two nodes that a session joins, a gateway, and a small server of pages."""

from __future__ import annotations

import http.client
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from cli.test_cli_nodes import Running
from orbitalcloud.core import SECOND, DataError, Unreachable
from orbitalcloud.core.time import HOUR
from orbitalcloud.live.control import Said
from orbitalcloud.live.node_client import NodeClient
from orbitalcloud.live.web_errands import Errands, new_token
from orbitalcloud.live.web_fetch import FetchLimits, fetch
from orbitalcloud.live.web_gateway import Gateway
from orbitalcloud.live.web_origins import Origin, allowed_origins, origin_of
from orbitalcloud.live.web_proxy import WebProxy
from orbitalcloud.node.letters import Letter, Mail, Post
from orbitalcloud.node.web import Ask, Reply, encode_web, read_reply

PAGE = bytes(range(256)) * 900


class Pages(BaseHTTPRequestHandler):
    """Knows a page, a redirect, an echo, one that is too large and one that never ends."""

    asked: list[str]

    def do_GET(self) -> None:
        self.server.asked.append(f"{self.command} {self.path}")  # type: ignore[attr-defined]
        if self.path == "/slow":
            self.send_response_only(200)
            self.end_headers()
            self.server.hold.wait(10)  # type: ignore[attr-defined]
            return
        if self.path == "/broken":
            self.send_response_only(200)
            self.send_header("Content-Length", "100")
            self.end_headers()
            self.wfile.write(b"half")
            return
        self.send_response_only(302 if self.path == "/moved" else 200)
        self.send_header("Content-Length", str(len(PAGE)))
        self.send_header("ETag", '"v1"')
        self.send_header("Set-Cookie", "secret=1")
        if self.path == "/moved":
            self.send_header("Location", "http://169.254.169.254/")
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(PAGE)

    do_HEAD = do_GET

    def do_POST(self) -> None:
        self.server.asked.append(f"POST {self.path}")  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers["Content-Length"]))
        said = body[::-1] + str(self.headers.get("Cookie")).encode()
        self.send_response_only(201)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@contextmanager
def served(server: ThreadingHTTPServer):
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(scope="module")
def pages():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    server.daemon_threads = True
    server.asked, server.hold = [], threading.Event()
    with served(server):
        yield server
        server.hold.set()


@contextmanager
def gateway_on(store: str, allowed: str, limits: FetchLimits | None = None):
    stop = threading.Event()
    made = Gateway(Path(store), "web", allowed_origins([allowed]), limits)
    thread = threading.Thread(target=made.run, args=(stop,))
    thread.start()
    try:
        yield made
    finally:
        stop.set()
        thread.join()


@contextmanager
def proxy_on(store: str, patience_s: float = 20.0):
    with served(WebProxy(("127.0.0.1", 0), Errands(Path(store), "dtn://gate/web", HOUR), patience_s)) as server:
        yield server


def through(proxy, method: str, url: str, body: bytes | None = None, **headers: str):
    """(status, headers, body) as a client sees them that talks to the proxy."""
    link = http.client.HTTPConnection(*proxy.server_address[:2], timeout=30)
    try:
        link.request(method, url, body, headers)
        answer = link.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        link.close()


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    place = tmp_path_factory.mktemp("web")
    near = Running(place / "near", "--name", "near", "--security", "none", "--listen", "tcpcl://127.0.0.1:0")
    gate = Running(place / "gate", "--name", "gate", "--security", "none", "--peer", near.ready["listens"][0])
    yield near, gate
    for node in (near, gate):
        node.stop()


@pytest.fixture(scope="module")
def web(pair, pages):
    """(proxy, origin) over the two nodes."""
    near, gate = pair
    origin = f"http://127.0.0.1:{pages.server_port}"
    with gateway_on(gate.store, origin, FetchLimits(1.0, len(PAGE))), proxy_on(near.store) as proxy:
        yield proxy, origin


def test_a_page_arrives_whole_with_the_headers_that_keep(web, pages):
    proxy, origin = web
    status, headers, body = through(proxy, "GET", f"{origin}/page?x=1")
    assert (status, body) == (200, PAGE)
    assert (headers["etag"], headers["via"]) == ('"v1"', "1.1 orbital")
    assert "set-cookie" not in {name.lower() for name in headers}
    assert pages.asked[-1] == "GET /page?x=1"
    assert through(proxy, "HEAD", f"{origin}/page")[2] == b""
    assert pages.asked[-1] == "HEAD /page"


def test_a_post_is_made_once_and_without_cookies(web, pages):
    proxy, origin = web
    status, _, body = through(proxy, "POST", f"{origin}/form", b"abc", Cookie="secret=1")
    assert (status, body) == (201, b"cbaNone")
    assert pages.asked.count("POST /form") == 1


def test_a_redirect_is_the_clients_and_the_place_it_names_is_not_allowed(web):
    proxy, origin = web
    status, headers, _ = through(proxy, "GET", f"{origin}/moved")
    assert (status, headers["location"]) == (302, "http://169.254.169.254/")
    status, _, body = through(proxy, "GET", headers["location"])
    assert status == 403
    assert b"not among the origins" in body


def test_what_cannot_be_had_is_said_with_its_reason(web):
    proxy, origin = web
    for method, url, status, words in (
        ("GET", f"{origin}/slow", 504, b"longer than 1 s"),
        ("GET", f"{origin}/broken", 502, b"IncompleteRead"),
        ("GET", "/page", 400, b"this is a proxy"),
        ("GET", "https://a/", 400, b"https needs"),
        ("CONNECT", "a:443", 501, b"letters"),
        ("POST", f"{origin}/form", 413, b"at most"),
    ):
        body = b"x" * (2 << 20) if status == 413 else None
        if body is not None:  # refused by its length alone
            wire = socket.create_connection(proxy.server_address[:2])
            wire.sendall(f"POST {url} HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n\r\n".encode())
            with wire, wire.makefile("rb") as answer:
                said = answer.read()
            assert b" 413 " in said.splitlines()[0]
        else:
            found, _, said = through(proxy, method, url)
            assert found == status, said
        assert words in said


def test_a_page_that_is_too_large_is_refused_at_the_gateway(pages):
    allowed = allowed_origins([f"http://127.0.0.1:{pages.server_port}"])
    url = f"http://127.0.0.1:{pages.server_port}/page"
    reply = fetch(Ask(new_token(), "GET", url), allowed, FetchLimits(5.0, len(PAGE) - 1))
    assert (reply.status, reply.by_gateway) == (502, True)
    assert b"larger than" in reply.body


def test_a_name_that_leads_inside_is_refused_and_the_judged_address_is_the_one_that_is_used(pages, monkeypatch):
    asked = []

    def pointed(host, port, **_):
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    url = f"http://evil.example:{pages.server_port}/page"
    before = len(pages.asked)
    monkeypatch.setattr("orbitalcloud.live.web_fetch.socket.getaddrinfo", pointed)
    reply = fetch(Ask(new_token(), "GET", url), allowed_origins([url.removesuffix("/page")]), FetchLimits())
    assert reply.status == 403
    assert b"no public address" in reply.body
    assert asked == ["evil.example"], "looked up once"
    assert len(pages.asked) == before


def test_a_link_that_is_down_delays_and_the_page_still_arrives(tmp_path, pages):
    near = Running(
        tmp_path / "near",
        "--name",
        "near",
        "--security",
        "none",
        "--listen",
        "tcpcl://127.0.0.1:0",
        "--route",
        "gate via gate",
    )
    url = f"http://127.0.0.1:{pages.server_port}/later"
    nodes = [near]
    try:
        with proxy_on(near.store, patience_s=0.3) as proxy:
            status, headers, said = through(proxy, "GET", url)
            assert (status, headers["retry-after"]) == (504, "60")
            assert b"still on its way" in said
            assert "GET /later" not in pages.asked, "nobody is there yet"
            gate = Running(
                tmp_path / "gate", "--name", "gate", "--security", "none", "--peer", near.ready["listens"][0]
            )
            nodes.append(gate)
            with gateway_on(gate.store, url.removesuffix("/later")):
                proxy.patience_s = 30.0
                assert through(proxy, "GET", url)[::2] == (200, PAGE)
            assert pages.asked.count("GET /later") == 1, "the second question joined the first"
            assert proxy.errands.counts == {"sent": 1, "joined": 1}
    finally:
        for node in nodes:
            node.stop()


def test_an_answer_from_somebody_else_or_to_another_question_is_none(pair):
    near, _ = pair
    errands = Errands(Path(near.store), "dtn://gate/web", HOUR)
    ask = Ask(new_token(), "GET", "http://127.0.0.1:1/")
    with NodeClient(Path(near.store)) as client:
        service = f"web-{ask.token}"
        for token in (ask.token, new_token()):
            client.say(Post((Letter(f"dtn://near/{service}", encode_web(Reply(token, 200, (), b"forged"))),)))
        for mail in client.read(service, wait_s=5):
            assert errands._judged(ask, mail) is None
    assert errands.counts["not an answer"] >= 1


def test_without_a_node_or_with_a_wrong_gateway_it_says_so(pair, tmp_path):
    with pytest.raises(Unreachable, match="no node runs"):
        Errands(tmp_path, "dtn://gate/web", HOUR)
    with pytest.raises(DataError, match="endpoint: gate"):
        Errands(Path(pair[0].store), "gate", HOUR)


def test_a_url_has_one_meaning_or_none():
    assert origin_of("http://Example.org./a/b?c=d#e") == (Origin("example.org", 80), "/a/b?c=d")
    assert origin_of("http://[::1]:8000") == (Origin("::1", 8000), "/")
    for url in (
        "https://a/",
        "ftp://a/",
        "/a",
        "http://",
        "http://user@a/",
        "http://a@b@c/",
        "http://a:0/",
        "http://a:99999/",
        "http://a:x/",
        "http://a\\@b/",
        "http://a/ b",
        "http://[::1/",
    ):
        with pytest.raises(DataError, match="http://HOST"):
            origin_of(url)


def test_origins_are_named_one_by_one_and_private_ones_as_addresses():
    assert allowed_origins(["http://a", "http://A:80/"]) == {Origin("a", 80)}
    for wrong, word in ((["http://a/path"], "no path"), ([], "name the origins"), (["a"], "HOST")):
        with pytest.raises(DataError, match=word):
            allowed_origins(wrong)
    private = {text: origin_of(text)[0].may_be_private for text in ("http://127.0.0.1", "http://[::1]", "http://a")}
    assert private == {"http://127.0.0.1": True, "http://[::1]": True, "http://a": False}


class Desk:
    """A node's desk as a gateway sees it: some mail, and a note of what is confirmed and posted, in order."""

    def __init__(self, *asks: Ask, full: bool = False) -> None:
        self.mail = tuple(Mail(5 + i, "dtn://near/web-x", 0, "b", encode_web(ask)) for i, ask in enumerate(asks))
        self.did: list[object] = []
        self.full = full

    def read(self, service: str, after: int = 0, most: int = 1, wait_s: float = 0) -> tuple[Mail, ...]:
        if after:
            self.did.append(after)
            return ()
        return self.mail[:most]

    def say(self, post: Post) -> Said:
        if self.full:
            raise Unreachable("the node was killed")
        self.did.append(read_reply(post.letters[0].payload).status)
        return Said(("b",))


def turned(desk: Desk, origin: str) -> Desk:
    made = Gateway(Path("nowhere"), "web", allowed_origins([origin]))
    with ThreadPoolExecutor(2) as pool, suppress(Unreachable):
        made._turn(desk, pool, threading.Event())  # type: ignore[arg-type]
    return desk


def test_a_get_is_confirmed_after_its_answer_and_a_post_before_it_is_made(pages):
    origin = f"http://127.0.0.1:{pages.server_port}"
    get, post = (Ask(new_token(), method, f"{origin}/once", (), b"x") for method in ("GET", "POST"))
    assert turned(Desk(get, get, post, get), origin).did == [200, 200, 6, 7, 201, 7, 200, 8]
    assert turned(Desk(get, full=True), origin).did == [], "killed before the answer was kept: it is asked again"
    before = pages.asked.count("POST /once")
    assert turned(Desk(post, full=True), origin).did == [5], "a POST is not"
    assert pages.asked.count("POST /once") == before + 1


def test_mail_that_is_no_request_is_dropped_and_counted(pages):
    desk = Desk()
    desk.mail = (Mail(9, "dtn://near/x", 0, "b", b"noise"),)
    assert turned(desk, f"http://127.0.0.1:{pages.server_port}").did == [9]


def test_errands_are_bounded_and_finished_ones_make_room(pair, monkeypatch):
    monkeypatch.setattr("orbitalcloud.live.web_errands.MOST_ERRANDS", 2)
    errands = Errands(Path(pair[0].store), "dtn://nobody/web", SECOND)
    begun = [errands.begin(Ask(new_token(), "GET", f"http://127.0.0.1:1/{n}")) for n in range(3)]
    assert begun[2] is None
    assert errands.counts["too many"] == 1
    assert begun[0].done.wait(20)
    assert begun[0].failure == "no answer came while request and answer may travel"
    assert begun[1].done.wait(20)
    assert errands.begin(Ask(new_token(), "GET", "http://127.0.0.1:1/3")) is not None
