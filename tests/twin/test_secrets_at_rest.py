"""Keys lie sealed, under device keys that are not in the store; a wipe that the operator signed is final."""

import pytest

from orbitalcloud.core import DataError, MissionError, Seed, records
from orbitalcloud.core.events import Received, Started
from orbitalcloud.ethereum import Wallet
from orbitalcloud.ethereum.signed_text import signer_of, wipe_text
from orbitalcloud.ethereum.wallet import mnemonic_of, seed_of
from orbitalcloud.twin import Flight, Folder
from orbitalcloud.twin.keystores import FileKeys, SeedKeys
from small_missions import ETHEREUM, SMALL, load_text

OPERATOR = Wallet.born(b"\x05" * 16)
WORK = SMALL.index("[[job]]")
QUIET = SMALL[:WORK] + ETHEREUM.replace("funded_eth = 1.0", f'funded_eth = 1.0\noperator = "{OPERATOR.address}"')
LATER = """
[[payment]]
at_h = 3.5
satellite = "sat"
station = "inuvik"
to = "0x000000000000000000000000000000000000dEaD"
value_gwei = 1
max_fee_gwei = 20
"""
REBOOT = """
[[fault]]
kind = "reboot"
at_h = 5
target = "sat"
"""


def wipe(signature: bytes, at_h: float = 2.0) -> str:
    order = f'at_h = {at_h}\nsatellite = "sat"\nstation = "svalbard"\nsignature = "0x{signature.hex()}"\n'
    return f"\n[[wipe]]\n{order}"


def fly(text, folder, keys=None, look=None):
    """Fly; `look` sees the flight after each event. The Log's entries."""
    place = Folder.create(folder)
    with Flight.begin(load_text(text), place, 7, None, keys) as flight:
        while flight.due() is not None:
            flight.step()
            if look is not None:
                look(flight)
        flight.finish()
    return list(place.entries())


def of(entries, kind):
    return [entry for entry in entries if isinstance(entry, kind)]


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    (born,) = of(fly(QUIET, tmp_path_factory.mktemp("first") / "flight"), records.WalletBorn)
    return born.address


def secrets_of(flight) -> dict[str, bytes]:
    """Every form of every secret that the satellite has: raw, hexadecimal, as words and as what is made of them."""
    craft, carrier = flight.carrier.nodes["sat"], flight.carrier
    wallet = craft.wallet.wallet
    words = wallet.recovery_words()
    entropy = Seed(carrier.seed.child("sat").child("entropy").bytes(32, 1)).key
    raw = {
        "key": wallet._key,
        "wallet's entropy": wallet._entropy,
        "BIP-39 seed": seed_of(words),
        "identity": craft._private,
        "boot's entropy": entropy,
        **{f"device key {slot}": key for slot, key in carrier._device_keys("sat").items()},
    }
    found = {f"{name}, hex": value.hex().encode() for name, value in raw.items()} | raw
    return found | {"words": words.encode(), "saved form": wallet.to_bytes()[:60]}


def test_no_byte_of_a_secret_is_in_any_file_frame_or_repr_of_a_flight(tmp_path):
    """Searched: every file of the folder while it flies and after, each checkpoint, each bundle, what was saved."""
    shown: list[bytes] = []

    def look(flight):
        shown.extend(due[-1].frame for due in flight.carrier._heap if isinstance(due[-1], Received))
        if flight.carrier.events % 400 == 0:
            flight.checkpoint()
            shown.append((tmp_path / "flight" / "checkpoint.bin").read_bytes())
        if not secrets and "sat" in flight.carrier.nodes and flight.carrier.nodes["sat"].wallet.wallet is not None:
            secrets.update(secrets_of(flight))
        last.append(flight)

    secrets: dict[str, bytes] = {}
    last: list[Flight] = []
    fly(QUIET, tmp_path / "flight", None, look)
    carrier = last[-1].carrier
    craft = carrier.nodes["sat"]
    shown += [value for store in carrier.saved.values() for value in store.values()]
    shown.append("".join(map(repr, (craft.wallet, craft.jobs, carrier._heap, craft.wallet.wallet))).encode())
    shown.append(repr(Started({}, b"\x01" * 32, 1, carrier._device_keys("sat"))).encode())
    shown += [place.read_bytes() for place in (tmp_path / "flight").rglob("*") if place.is_file()]
    assert len(secrets) == 16
    assert len(shown) > 50
    for name, secret in secrets.items():
        assert len(secret) >= 16
        assert not any(secret in data for data in shown), name


def test_the_search_would_find_one(tmp_path):
    """The state before this: a wallet's saved form has the key in it."""
    wallet = Wallet.born(b"\x01" * 32)
    assert wallet._key in wallet.to_bytes()
    assert mnemonic_of(b"\x01" * 32) == wallet.recovery_words()


def test_an_operators_order_wipes_the_wallet_for_good(tmp_path, address):
    order = OPERATOR.sign_text(wipe_text("sat", address))
    kept = []
    entries = fly(QUIET + wipe(order) + LATER + REBOOT, tmp_path / "f", None, lambda flight: kept.append(flight))
    (wiped,) = of(entries, records.WalletWiped)
    assert (wiped.address, wiped.operator) == (address, OPERATOR.address)
    signed = of(entries, records.TransactionSigned)
    assert all(entry.at < wiped.at for entry in signed)
    assert len(signed) == 1
    refused = [entry.why for entry in of(entries, records.TransactionRefused) if entry.at > wiped.at]
    assert [why.rule for why in refused] == ["wallet-wiped"]
    assert address in refused[0].text
    assert len(of(entries, records.WalletBorn)) == 1, "a reboot makes no new wallet"
    carrier = kept[-1].carrier
    assert "wallet" not in carrier.saved["sat"]
    assert set(carrier._device_keys("sat")) == {"identity"}, "receipts are still signed with the same identity"
    assert len({e.public_key for e in of(entries, records.NodeStarted) if e.node == "sat"}) == 1


@pytest.mark.parametrize("who", ["a stranger", "for another wallet", "for another satellite"])
def test_nobody_elses_order_wipes_it(tmp_path, address, who):
    signer = Wallet.born(b"\x06" * 16) if who == "a stranger" else OPERATOR
    of_whom = ("0x" + "11" * 20) if who == "for another wallet" else address
    order = signer.sign_text(wipe_text("other" if who == "for another satellite" else "sat", of_whom))
    entries = fly(QUIET + wipe(order) + LATER, tmp_path / "f")
    assert not of(entries, records.WalletWiped)
    assert [entry.why.rule for entry in of(entries, records.TransactionRefused)] == ["wallet-operator"]
    assert len(of(entries, records.TransactionSigned)) == 2


def test_a_wiped_flight_resumes_wiped(tmp_path, address):
    """The checkpoint is taken after the wipe, and the folder of device keys has no key to open a copy with."""
    loaded = load_text(QUIET + LATER)
    (tmp_path / "m.toml").write_bytes(loaded.text.encode())
    place = Folder.create(tmp_path / "f")
    from orbitalcloud.mission import load

    with Flight.begin(load(str(tmp_path / "m.toml")), place, 7, None, tmp_path / "keys") as flight:
        while flight.due() is not None and flight.carrier.now < loaded.starts + 5 * 10**12:
            flight.step()
        wallet = flight.carrier.nodes["sat"].wallet.wallet
        assert wallet.address != address, "with drawn device keys the wallet does not follow from the seed"
        copy = dict(flight.carrier.saved["sat"])
        from orbitalcloud.core.events import Commanded
        from orbitalcloud.node import WipeWallet, encode_order

        order = encode_order(WipeWallet("sat", OPERATOR.sign_text(wipe_text("sat", wallet.address))))
        flight.carrier.push(flight.carrier.now, "sat", Commanded("wipe-wallet", order))
        while flight.carrier.nodes["sat"].wallet.wallet is not None:
            flight.step()
        flight.stop()
    place.release()
    assert sorted(p.name for p in (tmp_path / "keys").iterdir()) == [
        "inuvik.identity.key", "inuvik.wallet.key", "sat.identity.key", "svalbard.identity.key", "svalbard.wallet.key",
    ]  # fmt: skip
    with Flight.resume(place) as flight:
        assert flight.carrier.nodes["sat"].wallet.wallet is None
        flight.carrier.saved["sat"] = copy  # somebody puts the old disk back
        flight.carrier.reboot("sat", 10**9)
        while flight.due() is not None:
            flight.step()
        flight.finish()
    entries = list(place.entries())
    rules = [entry.why.rule for entry in of(entries, records.TransactionRefused)]
    assert rules == ["wallet-store", "wallet-store"], "once at the boot, once for the payment"
    assert not [entry for entry in of(entries, records.TransactionSigned) if entry.nonce > 0]


def test_device_keys_in_files_are_their_owners_alone(tmp_path):
    keys = FileKeys(tmp_path / "keys")
    assert keys.key("sat", "wallet") == b""
    keys.provision("sat", "wallet")
    first = keys.key("sat", "wallet")
    keys.provision("sat", "wallet")
    assert keys.key("sat", "wallet") == first, "drawn once"
    (file,) = (tmp_path / "keys").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    file.chmod(0o644)
    with pytest.raises(DataError, match="others may read it"):
        keys.key("sat", "wallet")
    file.chmod(0o600)
    file.write_bytes(b"short")
    with pytest.raises(DataError, match="5 bytes"):
        keys.key("sat", "wallet")
    keys.erase("sat", "wallet")
    keys.erase("sat", "wallet")
    assert keys.key("sat", "wallet") == b""
    assert not list((tmp_path / "keys").iterdir())


def test_device_keys_of_a_seed_differ_by_node_slot_and_seed():
    keys = [SeedKeys(Seed.of(n)).key(node, slot) for n in (1, 2) for node in ("a", "b") for slot in ("x", "y")]
    assert len(set(keys)) == 8
    assert all(len(key) == 32 for key in keys)


def test_an_order_to_wipe_needs_an_operator_and_a_signature():
    with pytest.raises(MissionError, match="operator"):
        load_text(QUIET.replace(f'operator = "{OPERATOR.address}"', "") + wipe(bytes(65)))
    with pytest.raises(MissionError):
        load_text(QUIET + wipe(bytes(64)))


def test_signed_text_is_what_other_wallets_sign():
    """Against eth-account's own EIP-191."""
    from eth_account import Account
    from eth_account.messages import encode_defunct

    text = wipe_text("sat", OPERATOR.address)
    theirs = bytes(Account.sign_message(encode_defunct(text=text), OPERATOR._key).signature)
    assert OPERATOR.sign_text(text) == theirs
    assert signer_of(text, theirs) == OPERATOR.address
    assert signer_of(text + ".", theirs) != OPERATOR.address


@pytest.mark.parametrize("change", ["short", "v", "high s", "no point"])
def test_what_is_no_signature_is_refused_by_name(change):
    from orbitalcloud.core import RemoteProtocolError

    good = bytearray(OPERATOR.sign_text("x"))
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    match change:
        case "short":
            good = good[:64]
        case "v":
            good[64] = 0
        case "high s":
            high = order - int.from_bytes(good[32:64], "big")
            good[32:64], good[64] = high.to_bytes(32, "big"), 55 - good[64]
        case "no point":
            good[:32] = b"\xff" * 32
    with pytest.raises(RemoteProtocolError) as error:
        signer_of("x", bytes(good))
    assert error.value.check == "signature"


def test_the_flight_folder_says_where_the_keys_are(tmp_path):
    """Only the folder's name; and a resumed flight without it cannot open anything."""
    fly(QUIET, tmp_path / "f", tmp_path / "keys")
    status = Folder.open(tmp_path / "f").status()
    assert status.keys == str(tmp_path / "keys")
