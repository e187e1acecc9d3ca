"""Who is wrong, by brute force over all ways of answering; scores and tokens against their definitions."""

import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbitalcloud.compute import ReceiptBody, public_key, sign_receipt, signing_key
from orbitalcloud.compute.policies import Claim, Policy, agrees, copy_name, copy_of, judge, parse_policy
from orbitalcloud.compute.tensors import write_tensor
from orbitalcloud.compute.verification import calibrated_tau, compare_logits, verify_language
from orbitalcloud.core import DataError, Seed, digest_of

KEYS = [signing_key(bytes([n]) * 32) for n in range(1, 6)]
NAMES = ("alpha", "beta", "gamma", "delta", "epsilon")


def claim(who, output, verification="exact", runtime="wasmtime 50", **changes):
    """What satellite number `who` says."""
    body = ReceiptBody(
        job="j", satellite=NAMES[who], public_key=public_key(KEYS[who]), artefact=digest_of(b"code"),
        input=digest_of(b"in"), output=digest_of(output), output_bytes=len(output), accelerator="a", runtime=runtime,
        verification=verification, operations=1, fuel=1, memory_bytes=1, duration_ns=1, energy_mj=1, throttled=False,
        started="2026-03-20T12:00:00.000000Z", finished="2026-03-20T12:00:01.000000Z", latitude_udeg=0,
        longitude_udeg=0,
    )  # fmt: skip
    return Claim(sign_receipt(body, KEYS[who]), output, **changes)


@pytest.mark.parametrize("copies", [1, 2, 3, 4])
def test_the_majority_is_right_whoever_is_in_it(copies):
    said = [[claim(who, bytes([answer])) for answer in range(3)] for who in range(copies)]
    agree = copies // 2 + 1
    for answers in itertools.product(range(3), repeat=copies):
        verdict = judge([said[who][answer] for who, answer in enumerate(answers)], agree)
        (best, count), *_ = Counter(answers).most_common()
        assert verdict.why.ok == (count >= agree)
        if verdict.why.ok:
            assert set(verdict.right) == {NAMES[who] for who, answer in enumerate(answers) if answer == best}
            assert set(verdict.wrong) == {NAMES[who] for who, answer in enumerate(answers) if answer != best}
            assert verdict.output == digest_of(bytes([best]))
        else:
            assert (verdict.why.rule, verdict.right, verdict.wrong) == ("tie", (), ())


def test_a_broken_claim_is_wrong_by_itself_and_no_vote():
    lie = Claim(claim(0, b"x").receipt, b"y")
    verdict = judge([lie, claim(1, b"x"), claim(2, b"x")], 2)
    assert (verdict.why.ok, verdict.right, verdict.wrong) == (True, ("beta", "gamma"), ("alpha",))
    assert judge([lie], 1).why.rule == "too-few"


def test_one_signer_has_one_vote():
    assert judge([claim(0, b"x")] * 3, 2).why.rule == "too-few"


def test_float_results_agree_within_tolerance_only_between_runtimes():
    base = np.linspace(1, 2, 64, dtype=np.float32)
    near, far = base + np.float32(1e-5), base + np.float32(0.1)
    one = claim(0, write_tensor(base), "tolerance", "onnxruntime 1.32 x86_64")
    other = claim(1, write_tensor(near), "tolerance", "onnxruntime 1.31 x86_64")
    assert agrees(one, other).ok
    assert not agrees(one, claim(1, write_tensor(near), "tolerance", "onnxruntime 1.32 x86_64")).ok
    assert not agrees(one, claim(1, write_tensor(far), "tolerance", "onnxruntime 1.31 x86_64")).ok
    assert not agrees(claim(0, write_tensor(base)), claim(1, write_tensor(near), runtime="other")).ok


@pytest.mark.parametrize(
    ("text", "policy"),
    [
        ("none", Policy("none")),
        ("receipt", Policy("none")),
        ("replicate:3", Policy("replicate", 3, 2)),
        ("sampled:0.25", Policy("sampled", 2, 2, 250_000)),
        ("quorum:4/5", Policy("quorum", 5, 4)),
    ],
)
def test_policies_are_read(text, policy):
    assert parse_policy(text) == policy


@pytest.mark.parametrize("text", ["", "replicate:0", "sampled:1.5", "sampled:nan", "quorum:1/2", "quorum:3/2", "all"])
def test_what_is_no_policy_is_refused(text):
    with pytest.raises(DataError):
        parse_policy(text)


def test_a_share_is_drawn_and_drawn_again_the_same():
    policy = parse_policy("sampled:0.2")
    drawn = [policy.copies_of(f"job-{n}", Seed.of(1)) for n in range(1000)]
    assert set(drawn) == {1, 2}
    assert 150 < drawn.count(2) < 250
    assert drawn == [policy.copies_of(f"job-{n}", Seed.of(1)) for n in range(1000)]


@given(st.text("ab.1o~", min_size=1, max_size=8), st.integers(1, 9), st.integers(1, 9))
def test_a_copy_s_name_tells_what_it_is_of(job, copies, number):
    agree = copies // 2 + 1
    read = copy_of(copy_name(job, number, copies, agree))
    assert read == ((job, number, copies, agree) if number <= copies else None)


def test_decisions_are_compared_where_the_margin_allows():
    ours = np.array([[1.0, 2.0, 0.0], [1.0, 1.05, 0.0]])
    assert compare_logits(ours + 0.04, ours, 0.05).ok
    swapped = ours.copy()
    swapped[1] = [1.045, 1.01, 0.0]
    assert compare_logits(swapped, ours, 0.05).ok, "a tie within 2τ is nobody's fault"
    other = ours.copy()
    other[0] = [2.5, 2.0, 0.0]
    assert compare_logits(other, ours, 0.05).rule == "decision"
    assert compare_logits(ours + 0.2, ours, 0.05).rule == "tolerance"
    assert not compare_logits(np.full_like(ours, np.nan), ours, 0.05).ok


@given(st.integers(0, 10**6))
def test_noise_below_tau_is_never_a_disagreement(number):
    """2τ is enough: no score moved by τ or less can turn a clear decision."""
    chance = np.random.default_rng(number)
    ours = chance.normal(size=(20, 4))
    theirs = ours + chance.uniform(-0.1, 0.1, ours.shape)
    tau = calibrated_tau([(ours, theirs)], 1.0)
    assert compare_logits(theirs, ours, tau + 1e-12).ok


def test_claimed_tokens_are_near_the_best_of_a_prefill():
    """A model whose next token is the sum of all before it modulo 7, by one nat over the one after it."""

    def prefill(tokens):
        scores = np.full((len(tokens), 7), -9.0)
        for place in range(len(tokens)):
            best = sum(tokens[: place + 1]) % 7
            scores[place, best], scores[place, (best + 1) % 7] = 1.0, 0.0
        return scores

    prompt, tokens = [1, 2], []
    for _ in range(5):
        tokens.append(sum(prompt + tokens) % 7)
    assert verify_language(prompt, tokens, prefill, 0.5).ok
    second = [(sum(prompt) + 1) % 7]
    assert not verify_language(prompt, second, prefill, 0.5).ok
    assert verify_language(prompt, second, prefill, 1.5).ok
    assert not verify_language(prompt, [99], prefill, 1.5).ok
    assert not verify_language(prompt, [], prefill, 1.5).ok
