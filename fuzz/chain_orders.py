"""What passes between satellites, stations and a settlement office: proofs, co-signing, work that is paid on chain."""

from __future__ import annotations

from orbitalcloud.ethereum import Wallet
from orbitalcloud.ethereum.settlement import Batch, WorkReceipt, proves
from orbitalcloud.ethereum.typed_data import Domain, struct_hash, typed_signer
from orbitalcloud.ethereum.types import EMPTY_HEADER
from orbitalcloud.node.evidence import prove_state
from orbitalcloud.node.orders import (
    Access,
    AccountProof,
    AskChain,
    Call,
    SlotNodes,
    Slots,
    TellChain,
    decode_order,
    decode_spending,
    encode_order,
)
from orbitalcloud.node.purse_orders import CoSign, Veto, numbers_of, signature_of
from orbitalcloud.node.work_orders import Found, Judge, Oath, Paid, Swear, Sworn, Task, Work

KINDS = (AskChain, TellChain, CoSign, Veto, Swear, Sworn, Judge, Found, Paid)
PLACE, WORD = "0x" + "aa" * 20, bytes(range(32))
DOMAIN = Domain(31337, PLACE)


def corpus() -> dict[str, bytes]:
    """One of each, whole and signed."""
    wallet = Wallet.born(b"\1" * 16)
    made = signature_of(wallet.sign_typed(DOMAIN, WORD))
    one = WorkReceipt(WORD, wallet.address, 1, WORD, WORD, WORD, 5, 7)
    batch, work = Batch([one]), Work.of(one)
    proof = AccountProof(PLACE, (b"\xc0",), (SlotNodes(WORD, (b"\xc0",)),))
    orders = (
        AskChain(3, True, (PLACE,), ("0x" + "11" * 32,), (Slots(PLACE, (WORD,)),)),
        TellChain((b"u",), (proof,), (), WORD),
        CoSign("sat", PLACE, 0, PLACE, "5", made),
        Veto("sat", PLACE, 0, made),
        Swear(1, (Task("map", WORD),)),
        Sworn(1, (Oath(work, made),), batch.root, made),
        Judge("map", 1, work, batch.proof(WORD), b"request"),
        Found(WORD, PLACE, 1, WORD, PLACE, made),
        Paid("map", WORD),
        Call("sat", "ground", PLACE, "5", "9", "1", 21_000, 31337, b"\1", 1, (Access(PLACE, (WORD,)),), ""),
    )
    return {type(order).__name__.lower(): encode_order(order) for order in orders}


def target(data: bytes) -> None:
    """Each reader takes it or refuses it; what is taken is used as the desks use it."""
    refused = None
    for read in (*(lambda raw, kind=kind: decode_order(raw, kind) for kind in KINDS), decode_spending):
        try:
            use(read(data))
        except Exception as error:
            refused = error
            if type(error).__name__ not in ("RemoteProtocolError", "DataError"):
                raise
    if refused is not None:
        raise refused


def use(order: object) -> None:
    """As the desks do with it."""
    match order:
        case TellChain():
            prove_state(EMPTY_HEADER, order.block, order.accounts)
        case CoSign():
            typed_signer(DOMAIN, struct_hash("X(uint256 n)", (order.number,)), numbers_of(order.first))
        case Veto():
            typed_signer(DOMAIN, WORD, numbers_of(order.signature))
        case Sworn():
            Batch([oath.work.receipt for oath in order.oaths])
        case Judge():
            proves(order.work.receipt, order.proof, WORD)
        case Found():
            typed_signer(DOMAIN, WORD, numbers_of(order.signature))
