"""Checkpoints: what they bring back, and what they refuse to be made to do.

The payloads are written as opcodes (`pickletools` names them), for `pickle.dumps` would not write most of them.
"""

import pickle
from io import BytesIO

import numpy as np
import pytest

from orbitalcloud.core import DataError
from orbitalcloud.ethereum import Wallet
from orbitalcloud.twin import Flight, Folder, World, fleet_of, freeze, thaw
from orbitalcloud.twin.checkpoint import _Pickler, _Unpickler, seal, unseal
from small_missions import ETHEREUM, REBOOTS, SMALL, TAMPERED, load_text


@pytest.fixture(scope="module")
def fleet():
    loaded = load_text(SMALL)
    return fleet_of(loaded, World(loaded))[0]


def text(value):
    data = value.encode()
    return b"\x8c" + bytes([len(data)]) + data


def name_of(module, name):
    return text(module) + text(name) + b"\x93"  # STACK_GLOBAL, which at protocol 4 follows dots


def call(function, *arguments):
    return function + b"(" + b"".join(arguments) + b"tR"


def payload(code):
    return b"\x80\x04" + code + b"."


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("os", "system"),
        ("posix", "system"),
        ("builtins", "eval"),
        ("orbitalcloud.twin.flight", "os.system"),
        ("orbitalcloud.twin.folder", "shutil.os.system"),
        ("orbitalcloud.twin.carrier", "Carrier.step.__globals__"),
        ("orbitalcloud.twin.carrier", "heapq"),
        ("orbitalcloud.twin.carrier", "perf_counter"),
        ("orbitalcloud.twin.carrier", "model"),
        ("orbitalcloud.twin.chain", "Any"),
        ("orbitalcloud.twin.carrier", "Log"),
        ("orbitalcloud.twin.flight", "LogFile"),
        ("orbitalcloud.twin.folder", "Folder"),
        ("orbitalcloud.twin.checkpoint", "_Unpickler"),
        ("orbitalcloud.live.driver", "ThreadPoolExecutor"),
        ("orbitalcloud.live.clock", "RealClock"),
        ("orbitalcloud.cli.run", "main"),
        ("orbitalcloudy.node", "Satellite"),
        ("numpy", "ndarray"),
        ("numpy", "dtype"),
        ("numpy._core.multiarray", "_reconstruct"),
        ("numpy._core.numeric", "_frombuffer"),
        ("numpy.lib", "dtype.type"),
    ],
)
def test_a_checkpoint_names_nothing_but_what_it_is_made_of(fleet, tmp_path, module, name):
    code = call(name_of(module, name), text(f"touch {tmp_path}/owned"))
    with pytest.raises(DataError, match="a checkpoint has no use for"):
        thaw(payload(code), fleet, "checkpoint")
    assert list(tmp_path.iterdir()) == []


WALLET = name_of("orbitalcloud.ethereum.wallet", "Wallet")


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (WALLET, "__init__"),
        (WALLET, "__subclasses__"),
        (WALLET, "_entropy"),
        (WALLET, "to_bytes"),
        (WALLET, "mro"),
        (name_of("builtins", "set"), "add"),
        (name_of("builtins", "bytearray"), "fromhex"),
        (name_of("orbitalcloud.twin.world", "_restore"), "__globals__"),
        (name_of("builtins", "getattr"), "__globals__"),
        (name_of("orbitalcloud.ethereum.forks", "Fork"), "mro"),
        (text("text"), "format"),
    ],
)
def test_the_door_for_constructors_lets_nothing_else_through(fleet, owner, name):
    code = call(name_of("builtins", "getattr"), owner, text(name))
    with pytest.raises(DataError, match="a checkpoint has no use for"):
        thaw(payload(code), fleet, "checkpoint")


def test_structs_of_others_are_not_built(fleet):
    code = call(name_of("msgspec._core", "rebuild"), name_of("builtins", "set"), b"}")
    with pytest.raises(DataError, match="a checkpoint has no use for"):
        thaw(payload(code), fleet, "checkpoint")


def test_what_it_may_name_is_not_yet_a_checkpoint(fleet):
    for code in (b"}", name_of("builtins", "set"), name_of("orbitalcloud.twin.carrier", "Carrier")):
        with pytest.raises(DataError, match="no flight's checkpoint"):
            thaw(payload(code), fleet, "checkpoint")


@pytest.mark.parametrize("kind", ["|O", "O", "|V8", "<M8[s]", "<U3", "f8,O", "<f8\n", ""])
def test_an_array_holds_plain_numbers(fleet, kind):
    """`numpy.ndarray((1,), object, buffer=b"12345678")` crashes Python: bytes of a file taken for a pointer."""
    code = call(
        name_of("orbitalcloud.twin.checkpoint", "_array"), text(kind), b"K\x01\x85", text("C"), b"C\x0812345678"
    )
    with pytest.raises(DataError, match="no use for arrays"):
        thaw(payload(code), fleet, "checkpoint")


def again(thing, fleet):
    file = BytesIO()
    _Pickler(file, fleet).dump(thing)
    file.seek(0)
    return _Unpickler(file, fleet).load()


@pytest.mark.parametrize(
    "array",
    [
        np.arange(12.0).reshape(3, 4),
        np.asfortranarray(np.arange(12, dtype=np.int32).reshape(3, 4)),
        np.arange(24, dtype=">u2").reshape(2, 3, 4)[:, ::2],
        np.array([True, False]),
        np.empty((0, 3), np.int64),
        np.array(7.5, np.float32),
        np.array([-0.0, np.inf, np.nan, 5e-324]),
    ],
    ids=lambda array: f"{array.dtype} {array.shape}",
)
def test_arrays_come_back_as_they_were(fleet, array):
    back, same = again([array, array], fleet)
    assert back is same
    assert (back.dtype, back.shape, back.tobytes()) == (array.dtype, array.shape, array.tobytes())
    assert back.flags.f_contiguous == array.flags.f_contiguous or not array.flags.forc
    assert back.flags.writeable
    assert back.flags.owndata


@pytest.mark.parametrize("number", [np.float64(-0.0), np.int64(-(2**63)), np.uint8(255), np.bool_(True)])
def test_numbers_come_back_as_they_were(fleet, number):
    back = again(number, fleet)
    assert type(back) is type(number)
    assert back.tobytes() == number.tobytes()


def test_a_wallet_comes_back_by_its_constructor(fleet):
    wallet = Wallet.born(bytes(range(32)))
    assert again(wallet, fleet) == wallet


@pytest.mark.parametrize("steps", [1, 150, 500])
def test_a_carrier_comes_back_whole(tmp_path, steps):
    """Thawed and frozen again it is the same bytes, or something would be lost between two checkpoints."""
    loaded = load_text(SMALL + ETHEREUM + TAMPERED + REBOOTS)
    with Flight.begin(loaded, Folder.create(tmp_path / "flight"), 7) as flight:
        for _ in range(steps):
            flight.step()
        once = thaw(freeze(flight.carrier, flight.fleet), flight.fleet, "checkpoint")
        twice = thaw(freeze(once, flight.fleet), flight.fleet, "checkpoint")
        assert freeze(once, flight.fleet) == freeze(twice, flight.fleet)
        assert once.saved == flight.carrier.saved
        assert once.next_due() == flight.carrier.next_due()


def test_a_checkpoint_says_which_log_it_continues():
    digest = "sha256:" + "ab" * 32
    sealed = unseal(seal(12345, digest, b"carrier"), "checkpoint.bin")
    assert (sealed.log_bytes, sealed.log_digest, sealed.frozen) == (12345, digest, b"carrier")
    for short in (b"", b"12345678", bytes(40)):
        with pytest.raises(DataError, match="damaged"):
            unseal(short, "checkpoint.bin")


def test_any_damage_is_one_message(fleet):
    whole = pickle.dumps({"a": [1, 2, 3]}, 5)
    for size in range(len(whole)):
        with pytest.raises(DataError, match="checkpoint"):
            thaw(whole[:size], fleet, "checkpoint")
