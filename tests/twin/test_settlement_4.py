"""The packaged settlement-4, flown: stakes, escrow, the lot, verdicts, payment by proof, three lies, and the purse.

What is said in the Log is held against the EVM itself: balances, storage, and the headers' own RANDAO mixes.
"""

from importlib.resources import files
from types import SimpleNamespace

import pytest
from eth_hash.auto import keccak

from orbitalcloud.core import HOUR, Instant, MissionError, records
from orbitalcloud.ethereum.layout import address_of, node_slots
from orbitalcloud.mission import load, loads
from orbitalcloud.twin import Flight, Folder
from orbitalcloud.twin.build import carrier_of
from orbitalcloud.view.fold import fold
from orbitalcloud.view.report import report_html
from orbitalcloud.view.tables import table

GWEI, ETHER = 10**9, 10**18
PRICE, FEE, STAKE, PENALTY = 2_000_000 * GWEI, 200_000 * GWEI, ETHER // 10, ETHER // 20
TEXT = (files("orbitalcloud") / "missions" / "settlement-4.toml").read_bytes()
PAYEE, STRANGER = "0x000000000000000000000000000000000000bEEF", "0x000000000000000000000000000000000000dEaD"
REBOOTS = "".join(
    f'\n[[fault]]\nkind = "reboot"\nat_h = {at}\ntarget = "{name}"\n'
    for name, at in (
        ("alpha", 1.93), ("alpha", 2.98), ("alpha", 9.95), ("beta", 3.1), ("beta", 5.7), ("gamma", 5.363),
        ("delta", 5.43), ("svalbard", 2.98), ("svalbard", 5.37), ("svalbard", 6.31),
    )
)  # fmt: skip


def fly(loaded, folder):
    place = Folder.create(folder)
    with Flight.begin(loaded, place, 7) as flight:
        while flight.due() is not None:
            flight.step()
        chain, nodes = flight.carrier.gateway.chain, dict(flight.carrier.nodes)
        founding = flight.fleet.founding
        flight.finish()
    return SimpleNamespace(
        entries=list(place.entries()), chain=chain, nodes=nodes, founding=founding, log=place.log_path.read_text()
    )


@pytest.fixture(scope="module")
def flown(tmp_path_factory):
    return fly(load("settlement-4"), tmp_path_factory.mktemp("s4") / "flight")


@pytest.fixture(scope="module")
def troubled(tmp_path_factory):
    """The same with ten reboots, most of them between an order and its signature, or a signature and its block."""
    text = TEXT + REBOOTS.encode()
    return fly(loads(text, "settlement-4.toml", "."), tmp_path_factory.mktemp("s4r") / "flight")


def steps(flown, step, job=""):
    kind = records.WorkStep
    return [one for one in flown.entries if isinstance(one, kind) and one.step == step and (not job or one.job == job)]


def purse(flown, step):
    return [one for one in flown.entries if isinstance(one, records.PurseStep) and one.step == step]


def wallet(flown, name):
    node = flown.nodes[name]
    return (node.clerk.wallet if hasattr(node, "clerk") and node.clerk else node.wallet.wallet).address


def stake(flown, name):
    account, _ = flown.chain.account(flown.founding.registry, flown.chain.head[0])
    found = flown.chain.storage(bytes(account.storage_root), list(node_slots(wallet(flown, name))))
    assert address_of(found[0][0]) == wallet(flown, name).lower()
    return found[1][0]


@pytest.mark.parametrize("which", ["flown", "troubled"])
def test_honest_work_is_paid_once_and_lies_cost_their_stake(which, request):
    one = request.getfixturevalue(which)
    assert {entry.node for entry in steps(one, "registered")} == {"alpha", "beta", "gamma", "delta"}
    assert sorted(entry.job for entry in steps(one, "opened")) == [
        "flood-map-001", "ice-map-001", "water-map-001", "water-map-002",
    ]  # fmt: skip
    assert sorted(entry.job for entry in steps(one, "paid")) == ["water-map-001", "water-map-002"]
    slashed = {entry.job: (entry.who, entry.why.rule) for entry in steps(one, "slashed")}
    assert slashed == {
        "flood-map-001": (wallet(one, "gamma"), "refuted"),
        "ice-map-001": (wallet(one, "beta"), "two-receipts"),
    }
    assert [stake(one, name) for name in ("alpha", "delta")] == [STAKE, STAKE]
    assert [stake(one, name) for name in ("beta", "gamma")] == [STAKE - PENALTY, STAKE - PENALTY]


@pytest.mark.parametrize("which", ["flown", "troubled"])
def test_no_wei_is_made_or_lost(which, request):
    """The registry holds the stakes that are left, the settlement what is credited and not withdrawn."""
    one = request.getfixturevalue(which)
    assert one.chain.balance(one.founding.registry) == 4 * STAKE - 2 * PENALTY
    office = wallet(one, "svalbard")
    signed = [entry for entry in one.entries if isinstance(entry, records.TransactionSigned)]
    settled = {entry.hash for entry in one.entries if isinstance(entry, records.TransactionSettled) and entry.status}
    withdrawals = [entry.hash for entry in signed if entry.to == one.founding.office]
    assert withdrawals
    assert set(withdrawals) <= settled
    withdrawn = sum(one.chain.receipt(name).status for name in withdrawals)
    assert withdrawn == len(withdrawals), "none was asked for in vain"
    # two lies: half of each penalty to who proved it, half to the customer, both the office; two escrows came back
    kept = 2 * PENALTY + 2 * (PRICE + FEE)
    paid = {entry.node: int(entry.value_wei) for entry in steps(one, "payment-proved")}
    assert paid["alpha"] == PRICE
    assert one.chain.balance(one.founding.office) == kept
    assert one.chain.nonce(office) >= 4 + 4 + 3 + 2 + 2


def test_each_satellite_proved_what_it_was_paid_under_its_own_head(flown):
    proved = [(entry.job, entry.node, int(entry.value_wei)) for entry in steps(flown, "payment-proved")]
    assert [one for one in proved if one[1] == "alpha"] == [
        ("water-map-001", "alpha", PRICE), ("water-map-002", "alpha", PRICE),
    ]  # fmt: skip
    assert sorted(wei for _, name, wei in proved if name != "alpha") == [FEE, FEE], "one co-signer each"
    heads = {(entry.node, entry.optimistic_slot) for entry in flown.entries if isinstance(entry, records.HeadAdvanced)}
    for entry in (*steps(flown, "payment-proved"), *steps(flown, "sworn"), *steps(flown, "drawn")):
        assert (entry.node, entry.proved_slot) in heads, "under a head that this satellite's light client verified"


def test_the_lot_is_that_of_the_blocks_own_randao(flown):
    """Anyone recomputes it: the mix of the header of the block that took the batch, by the formula alone."""
    for entry in steps(flown, "drawn"):
        (posted,) = steps(flown, "posted", entry.job)
        header = flown.chain.header(posted.block)
        mix = bytes(header.mix_hash)
        assert f"0x{mix.hex()}" in entry.why.text
        address = bytes.fromhex(wallet(flown, entry.node)[2:])
        ticket = int.from_bytes(keccak(mix + bytes.fromhex(entry.escrow[2:]) + address.rjust(32, b"\0")), "big") >> 128
        doublings = (entry.at // 10**9 - int(header.timestamp)) // 3600
        mine, whole = (int(entry.why.text.split()[at]) for at in (4, 6))
        assert ticket * whole < (2 * 2**doublings * mine) << 128
        assert entry.node != "alpha" or not entry.job.startswith("water"), "nobody judges its own work"


def test_a_wrong_result_is_refuted_by_who_ran_it_again_and_not_by_its_accomplice(flown):
    said = {entry.node: entry.why.ok for entry in steps(flown, "verdict", "flood-map-001")}
    assert said == {"delta": True, "beta": False, "alpha": False}
    (claimed,) = steps(flown, "claimed", "flood-map-001")
    (slashed,) = steps(flown, "slashed", "flood-map-001")
    assert claimed.at < slashed.at < claimed.at + 4 * HOUR, "within the window"


def test_two_results_of_one_job_are_enough(flown):
    outputs = {entry.why.text for entry in steps(flown, "sworn", "ice-map-001")}
    assert len(outputs) == 2
    assert not steps(flown, "paid", "ice-map-001")


@pytest.mark.parametrize("which", ["flown", "troubled"])
def test_the_purse_pays_whom_the_key_in_orbit_knows_and_nobody_else(which, request):
    one = request.getfixturevalue(which)
    (signed,), (executed,) = purse(one, "co-signed"), purse(one, "executed")
    assert (signed.node, signed.number, signed.to, executed.number) == ("alpha", 0, PAYEE, 0)
    (refused,) = purse(one, "refused")
    assert (refused.why.rule, refused.number) == ("cosign-proposal", 1)
    (vetoed,), (stands,) = purse(one, "vetoed"), purse(one, "veto-proved")
    assert (vetoed.to, vetoed.why.rule, vetoed.number) == (STRANGER.lower(), "cosign-payee", 1)
    rogue = next(entry for entry in one.entries if getattr(entry, "fault", "") == "rogue-owners")
    assert rogue.at < vetoed.at < stands.at < rogue.at + 6 * HOUR, "in its window, and it stands before that ends"
    assert one.chain.balance(PAYEE) == ETHER // 10
    assert one.chain.balance(STRANGER) == 0
    assert one.chain.balance(one.founding.purse_address) == 2 * ETHER - ETHER // 10
    heads = {entry.optimistic_slot for entry in one.entries if isinstance(entry, records.HeadAdvanced)}
    assert {signed.proved_slot, vetoed.proved_slot, refused.proved_slot} <= heads


def test_no_key_of_anybody_is_in_the_log(flown):
    people = [flown.founding.founder, flown.founding.owner(0), flown.founding.owner(1)]
    nodes = [node.wallet.wallet for node in flown.nodes.values() if hasattr(node, "wallet")]
    for one in (*people, *nodes, flown.nodes["svalbard"].clerk.wallet):
        assert one._secret().hex() not in flown.log
        assert one.recovery_words() not in flown.log
        assert one._entropy.hex() not in flown.log


def test_settlements_are_seen_final(flown):
    signed = {entry.hash for entry in flown.entries if isinstance(entry, records.TransactionSigned)}
    final = {entry.hash for entry in flown.entries if isinstance(entry, records.TransactionFinal)}
    assert final <= signed
    assert len(final) >= len(signed) - 3, "all but the day's last"


def test_the_report_tells_a_jobs_life_to_its_payment(flown):
    shown = report_html(fold(flown.entries), "sha256:0", "x")
    assert "Each job’s life, to its payment" in shown
    assert "proved its 0.002 ETH" in shown
    assert "slashed in block" in shown
    assert "veto signed in orbit" in shown


def test_every_step_is_a_row_that_people_and_programs_can_get(flown):
    rows = table(fold(flown.entries), "settlement").rows
    kinds = (records.WorkStep, records.PurseStep)
    said = [entry for entry in flown.entries if isinstance(entry, kinds)]
    assert [(row["node"], row["step"], row["value_wei"]) for row in rows] == [
        (entry.node, entry.step, entry.value_wei) for entry in said
    ]
    assert {row["about"] for row in rows} >= {"stake", "water-map-001", "proposal 0", "proposal 1"}


def test_a_flight_frozen_in_the_middle_is_the_same_flight(flown, tmp_path):
    """Office, worker and purse go on from a checkpoint, their wallets given back by the boards' key stores."""
    folder = tmp_path / "flight"
    with Flight.begin(load("settlement-4"), Folder.create(folder), 7) as flight:
        while flight.carrier.now < flight.carrier.world.starts + Instant(round(5.4 * HOUR)):
            flight.step()
        flight.stop()
        frozen = (folder / "checkpoint.bin").read_bytes()
    for name in ("alpha", "beta"):
        assert flown.nodes[name].wallet.wallet._secret() not in frozen
    assert flown.nodes["svalbard"].clerk.wallet._secret() not in frozen
    with Flight.resume(Folder.open(folder)) as flight:
        while flight.due() is not None:
            flight.step()
        flight.finish()
    assert (folder / "log.jsonl").read_text() == flown.log


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('office = "svalbard"', 'office = "moon"', "moon"),
        ("penalty_gwei = 50_000_000", "penalty_gwei = 200_000_000", "stake_gwei"),
        ("window_min = 240", "delay_h = 1\nwindow_min = 240", "delay_h"),
        ("quorum = 1", "quorum = 4", "at most 3"),
        ('target = "alpha"\nstation = "inuvik"', 'target = "beta"\nstation = "inuvik"', "purse"),
        ('chain       = "in-process"', 'chain = "http://127.0.0.1:1"', "in-process"),
    ],
)
def test_what_does_not_fit_together_is_told(old, new, told):
    text = TEXT.decode()
    assert old in text
    with pytest.raises(MissionError, match=told):
        carrier_of(loads(text.replace(old, new, 1).encode(), "s.toml", "."), 7)
