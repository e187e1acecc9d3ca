"""RLP, and the receipts, headers and signed transactions made of it."""

from __future__ import annotations

from ethereum import execution_data as real
from orbitalcloud.core import RemoteProtocolError
from orbitalcloud.ethereum import rlp
from orbitalcloud.ethereum.outline import outline
from orbitalcloud.ethereum.proofs import decode_receipt, encode_receipt, verify_header
from orbitalcloud.ethereum.trie import keccak256
from orbitalcloud.ethereum.wallet import Wallet


def corpus() -> dict[str, bytes]:
    """Receipts and headers of real blocks, the example of EIP-155 and one of ours."""
    receipts = [raw for _, answers in real.receipt_blocks().values() for raw in real.raw_receipts(answers[:6])]
    headers = [real.header_rlp(header) for header in real.headers().values()]
    signed = Wallet.born(bytes(16)).sign_transaction(1, 0, "0x" + "35" * 20, 10**18, 21_000, 2 * 10**10, 10**9)
    found = [*receipts, *headers, signed.raw]
    return {f"{index:03d}": data for index, data in enumerate(found) if len(data) < 20_000}


def target(data: bytes) -> None:
    """What decodes encodes to the same bytes: there is one encoding."""
    try:
        assert rlp.encode(rlp.decode(data)) == data
    except RemoteProtocolError:
        pass
    for read in (_receipt, _header, outline):
        try:
            read(data)
        except RemoteProtocolError:
            pass


def _receipt(data: bytes) -> None:
    assert encode_receipt(decode_receipt(data)) == data


def _header(data: bytes) -> None:
    verify_header(keccak256(data), data)
