"""EIP-712 receipts, their batches and proofs, from bytes; signed text and what recovers its signer."""

from __future__ import annotations

from orbitalcloud.core import DataError, RemoteProtocolError
from orbitalcloud.ethereum.settlement import Batch, WorkReceipt, batch_digest, proves, verdict_digest
from orbitalcloud.ethereum.signed_text import signer_of
from orbitalcloud.ethereum.typed_data import Domain
from orbitalcloud.ethereum.wallet import Wallet

_DOMAIN = Domain(31337, "0x" + "22" * 20)
_SIZE = 32 + 20 + 32 * 6


def corpus() -> dict[str, bytes]:
    """One, two and five receipts of distinct jobs, and a signature."""
    one = b"\x11" * 20 + bytes(31) + b"\x01" + b"\x22" * 96 + bytes(31) + b"\x05" + bytes(31) + b"\x09"
    receipts = [bytes([number]) * 32 + one for number in range(1, 6)]
    text = Wallet.born(bytes(16)).sign_text("text")
    return {"one": receipts[0], "two": b"".join(receipts[:2]), "five": b"".join(receipts), "text": text}


def target(data: bytes) -> None:
    """Each receipt of a batch is proved by its own proof, and by no other receipt's place."""
    try:
        signer_of("text", data[:65])
    except RemoteProtocolError:
        pass
    receipts = [_receipt(data[at : at + _SIZE]) for at in range(0, len(data) - _SIZE + 1, _SIZE)][:64]
    try:
        batch = Batch(receipts)
    except DataError:
        assert len(receipts) != 1, "one receipt is a batch"
        return
    batch_digest(_DOMAIN, batch.root, batch.number, batch.count)
    for index, one in enumerate(receipts):
        verdict_digest(_DOMAIN, one.job, one.executor, one.number, one.output)
        assert proves(one, batch.proof(one.job), batch.root)
        other = receipts[(index + 1) % len(receipts)]
        assert other == one or not proves(other, batch.proof(one.job), batch.root)
        assert not proves(one, [data[:32]] * 21, batch.root)


def _receipt(data: bytes) -> WorkReceipt:
    words = [data[52 + 32 * at : 84 + 32 * at] for at in range(6)]
    number, finished, energy = (int.from_bytes(word, "big") for word in (words[0], words[4], words[5]))
    return WorkReceipt(data[:32], "0x" + data[32:52].hex(), number, words[1], words[2], words[3], finished, energy)
