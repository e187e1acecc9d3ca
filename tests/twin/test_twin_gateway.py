"""What stands behind a mission's `chain` URL may answer anything: the flight goes on without it."""

import json
import socketserver
import threading

import pytest

from orbitalcloud.core import Instant, Unreachable, records
from orbitalcloud.twin.chain import MAX_TOLD, JsonRpcChain
from orbitalcloud.twin.gateway import Gateway
from small_missions import ETHEREUM, SMALL

ANSWERS = {
    "no HTTP": b"garbage\r\n\r\n",
    "a long line of garbage": b"x" * 60_000 + b"\r\n\r\n",
    "nothing": b"",
    "a chunk of no size": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "an endless status": b"HTTP/1.1 200 " + b"a" * 70_000 + b"\r\n\r\n",
    "too many headers": b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 200 + b"\r\n",
    "a fault": b"HTTP/1.1 500 x\r\n\r\n",
    "a file": b"HTTP/1.1 302 x\r\nLocation: file:///etc/passwd\r\n\r\n",
}


@pytest.fixture
def server():
    """A server on loopback that gives `server.answer` to everything."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            self.request.recv(65_536)
            self.request.sendall(served.answer)

    with socketserver.TCPServer(("127.0.0.1", 0), Handler) as served:
        served.answer = b""
        served.url = f"http://127.0.0.1:{served.server_address[1]}"
        thread = threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield served
        served.shutdown()
        thread.join()


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_an_answer_that_is_no_http_is_no_answer(server, answer):
    server.answer = answer
    with pytest.raises(Unreachable) as error:
        JsonRpcChain(server.url, 5.0).receipt("0x00")
    assert len(str(error.value)) <= len(server.url) + 2 + MAX_TOLD
    assert len(str(error.value)) > len(server.url) + 3, "it says what came"


def test_the_station_is_told_to_try_again(server):
    server.answer = ANSWERS["no HTTP"]
    call = {"jsonrpc": "2.0", "id": "7", "method": "eth_getTransactionReceipt", "params": ["0x00"]}
    answer = json.loads(Gateway(server.url, 31337, 0, Instant(0)).request(json.dumps(call).encode(), Instant(0)))
    assert "BadStatusLine: garbage" in answer.pop("retry")
    assert answer == {"jsonrpc": "2.0", "id": "7"}


def test_a_flight_goes_on_without_its_chain(server, flown):
    server.answer = ANSWERS["no HTTP"]
    flight = flown((SMALL + ETHEREUM).replace('"in-process"', f'"{server.url}"'))
    assert flight.status.complete
    assert flight.of(records.TransactionSigned)
    assert not flight.of(records.TransactionSettled)
