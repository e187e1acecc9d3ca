"""Transactions of people on the ground, flown: handed over, carried, broadcast where it is allowed, and the answer."""

import random

import pytest

from orbitalcloud.core import MissionError, records
from orbitalcloud.ethereum import Wallet
from orbitalcloud.ethereum.proofs import verify_header, verify_transaction_inclusion
from orbitalcloud.ethereum.trie import keccak256
from orbitalcloud.ethereum.wallet import transaction_hash
from orbitalcloud.node.orders import Inclusion, decode_order
from orbitalcloud.twin import Flight, Folder
from small_missions import ETHEREUM, SMALL, load_text

SENDER = Wallet.born(b"\x09" * 16)
TO = "0x000000000000000000000000000000000000bEEF"  # no precompile: those want more gas
BASE = SMALL[: SMALL.index("[[job]]")] + ETHEREUM[: ETHEREUM.index("[[payment]]")]
HOURS = 3600 * 10**9


def raw_of(nonce: int = 0, value: int = 5) -> bytes:
    return SENDER.sign_transaction(31337, nonce, TO, value, 21_000, 10**10, 10**9).raw


def handed(raw: bytes, at_h: float, submit_at: str, forbidden: str = "") -> str:
    text = f'\n[[transaction]]\nat_h = {at_h}\nsubmit_at = "{submit_at}"\nraw = "0x{raw.hex()}"\n'
    return text + (f'forbidden = ["{forbidden}"]\n' if forbidden else "")


def fault(kind: str, at_h: float, target: str, duration_min: float = 0) -> str:
    text = f'\n[[fault]]\nkind = "{kind}"\nat_h = {at_h}\ntarget = "{target}"\n'
    return text + (f"duration_min = {duration_min}\n" if duration_min else "")


def fly(text, folder):
    place = Folder.create(folder)
    with Flight.begin(load_text(text), place, 7) as flight:
        while flight.due() is not None:
            flight.step()
        chain = flight.carrier.gateway.chain
        flight.finish()
    return list(place.entries()), chain


def of(entries, kind):
    return [entry for entry in entries if isinstance(entry, kind)]


def test_a_transaction_goes_up_comes_down_elsewhere_and_its_answer_comes_home(tmp_path):
    """Svalbard's jurisdiction must not broadcast it: Inuvik does, and Svalbard hears of it."""
    entries, chain = fly(BASE + handed(raw_of(), 0.1, "svalbard", "NO"), tmp_path / "f")
    (taken,) = of(entries, records.TransactionHanded)
    settled, aboard = of(entries, records.TransactionSettled)
    (returned,) = of(entries, records.TransactionReturned)
    assert (aboard.node, aboard.block) == ("sat", settled.block)
    assert aboard.proved_slot > 0
    assert (taken.node, taken.sender, taken.forbidden) == ("svalbard", SENDER.address, ("NO",))
    assert (settled.node, settled.hash, settled.status) == ("inuvik", taken.hash, 1)
    assert (returned.node, returned.hash, returned.status, returned.block) == ("svalbard", taken.hash, 1, settled.block)
    assert taken.at < settled.at < returned.at
    assert chain.balance(TO) == 5
    assert returned.why.rule == "proof", "the satellite did not take the station's word for it"
    (file,) = (tmp_path / "f" / "proofs").iterdir()
    proof = decode_order(file.read_bytes(), Inclusion)
    block = block_of(proof)
    assert (file.stem, proof.hash, len(file.read_bytes())) == (taken.hash, taken.hash, returned.proof_bytes)
    raw = verify_transaction_inclusion(block.transactions_root, proof.index, proof.transaction)
    assert (raw, block.number) == (raw_of(), settled.block), "anybody can check it without us"


def block_of(proof):
    return verify_header(keccak256(proof.headers[-1]), proof.headers[-1])


def test_a_station_that_only_says_so_is_not_believed_and_another_proves_it(tmp_path):
    """Inuvik brings settlements without their proofs, for the whole flight; Svalbard is blocked for its first hour."""
    lie = (
        fault("lying-station", 0, "inuvik", 420)
        + 'lie = "unproved"\n'
        + fault("blocks-transactions", 0, "svalbard", 60)
    )
    entries, chain = fly(BASE + handed(raw_of(), 0.1, "inuvik") + lie, tmp_path / "f")
    (returned,) = of(entries, records.TransactionReturned)
    assert (returned.status, returned.why.rule) == (1, "proof")
    assert "brought by svalbard" in returned.why.text
    assert any(entry.check == "settlement-proof" for entry in of(entries, records.UpdateRefused))
    assert chain.balance(TO) == 5


def test_one_handed_over_on_board_is_answered_to_the_first_station(tmp_path):
    entries, chain = fly(BASE + handed(raw_of(), 0.1, "sat"), tmp_path / "f")
    assert [entry.node for entry in of(entries, records.TransactionHanded)] == ["sat"]
    assert len(of(entries, records.TransactionSettled)) >= 1
    assert chain.balance(TO) == 5


def test_a_blocked_station_delays_and_another_broadcasts(tmp_path):
    """Blocked for the whole flight where it was handed over; open elsewhere."""
    calm, _ = fly(BASE + handed(raw_of(), 0.1, "svalbard"), tmp_path / "calm")
    text = BASE + handed(raw_of(), 0.1, "svalbard") + fault("blocks-transactions", 0, "svalbard", 420)
    entries, chain = fly(text, tmp_path / "blocked")
    settled = of(entries, records.TransactionSettled)
    assert of(calm, records.TransactionSettled)[0].node == "svalbard"
    assert settled[0].node == "inuvik"
    assert settled[0].at > of(calm, records.TransactionSettled)[0].at
    assert of(entries, records.TransactionReturned)[0].status == 1
    assert chain.balance(TO) == 5
    assert any(entry.reason.startswith("blocked") for entry in of(entries, records.FrameLost))


def test_what_nobody_may_broadcast_is_said(tmp_path):
    text = BASE + handed(raw_of(), 0.1, "svalbard", 'NO", "CA')
    entries, chain = fly(text, tmp_path / "f")
    (returned,) = of(entries, records.TransactionReturned)
    assert (returned.status, returned.why.ok) == (-1, False)
    assert "no station may broadcast it" in returned.why.text
    assert chain.balance(TO) == 0


@pytest.mark.parametrize("seed", range(12))
def test_troubles_drawn_by_lot_delay_and_never_lose_or_double(seed, tmp_path):
    """Handed over at both stations, some twice; outages, blocks and reboots in the first two hours and a half."""
    draw = random.Random(seed)
    raws = [raw_of(nonce, 5) for nonce in range(3)]
    text = BASE
    for raw in raws:
        for station in ("svalbard", "inuvik"):
            text += handed(raw, round(draw.uniform(0.02, 1.0), 3), station) * draw.randint(1, 2)
    for _ in range(8):
        kind = draw.choice(["reboot", "station-outage", "blocks-transactions"])
        at, station = round(draw.uniform(0.05, 2.5), 3), draw.choice(["svalbard", "inuvik"])
        target = draw.choice(["sat", "svalbard", "inuvik"]) if kind == "reboot" else station
        text += fault(kind, at, target, 0 if kind == "reboot" else draw.randint(5, 60))
    entries, chain = fly(text, tmp_path / "f")
    assert chain.balance(TO) == 15, "each once"
    assert chain.nonce(SENDER.address) == 3
    returned = {(entry.node, entry.hash): entry.status for entry in of(entries, records.TransactionReturned)}
    given = {(entry.node, entry.hash) for entry in of(entries, records.TransactionHanded)}
    assert given == {(name, transaction_hash(raw)) for name in ("svalbard", "inuvik") for raw in raws}
    assert returned == dict.fromkeys(given, 1)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (('raw = "0x', 'raw = "0x00'), "type"),
        (("raw", "file"), "file"),
        (('submit_at = "svalbard"', 'submit_at = "moon"'), "moon"),
        (("at_h = 0.1\nsubmit_at", "at_h = 900\nsubmit_at"), "900"),
    ],
)
def test_a_wrong_entry_is_told_at_its_line(change, told):
    from orbitalcloud.twin.build import carrier_of

    text = BASE + handed(raw_of(), 0.1, "svalbard")
    with pytest.raises(MissionError, match=told):
        carrier_of(load_text(text[: len(BASE)] + text[len(BASE) :].replace(*change)), 7)


def test_what_orbital_wallet_sign_prints_can_be_flown(tmp_path, monkeypatch, capsys):
    """A person's way: make a keystore, sign a draft, put the printed JSON beside the mission."""
    import json

    from orbitalcloud.cli import wallets
    from orbitalcloud.ethereum import keystore
    from orbitalcloud.mission import load

    monkeypatch.setenv("ORBITAL_PASSWORD", "correct horse")
    monkeypatch.setattr(keystore, "STANDARD_SCRYPT_N", 2**12)
    draft = {"chainId": 31337, "nonce": 0, "gas": 21000, "to": TO, "value": 3, "maxFeePerGas": 10**10}
    (tmp_path / "draft.json").write_text(json.dumps(draft))
    assert wallets.wallet("new", tmp_path / "me.json", None, True) == 0
    capsys.readouterr()
    assert wallets.wallet("sign", tmp_path / "me.json", str(tmp_path / "draft.json"), True) == 0
    (tmp_path / "tx.json").write_text(capsys.readouterr().out)
    entry = '\n[[transaction]]\nat_h = 0.1\nsubmit_at = "inuvik"\nfile = "tx.json"\n'
    (tmp_path / "m.toml").write_text(BASE + entry)
    loaded = load(str(tmp_path / "m.toml"))
    with Flight.begin(loaded, Folder.create(tmp_path / "f"), 7) as flight:
        while flight.due() is not None:
            flight.step()
        assert flight.carrier.gateway.chain.balance(TO) == 3


def test_the_report_follows_somebodys_transaction_to_its_proof_and_shows_a_wipe(tmp_path):
    from orbitalcloud.view.fold import fold
    from orbitalcloud.view.report import report_html

    entries, _ = fly(BASE + handed(raw_of(), 0.1, "svalbard", "NO"), tmp_path / "f")
    flight = fold(entries)
    (one,) = flight.transactions.values()
    assert (one.handed, one.node, one.state, one.sender) == (True, "svalbard", "settled", SENDER.address)
    assert one.proved_slot > 0
    (settled,) = [entry for entry in of(entries, records.TransactionSettled) if entry.node == "sat"]
    assert settled.proved_slot == one.proved_slot
    (born,) = of(entries, records.WalletBorn)
    wiped = records.WalletWiped(at=entries[-1].at, node="sat", address=born.address, operator=SENDER.address)
    shown = report_html(fold([*entries[:-1], wiped, entries[-1]]), "sha256:0", "x")
    assert "on the operator" in shown
    assert "on the operator" not in report_html(flight, "sha256:0", "x")
