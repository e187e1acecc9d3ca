# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Escrow and settlement of jobs done in orbit
@notice A customer locks the price of a job. The executor posts one Merkle root for a batch of receipts; its lot is the
    RANDAO mix of that block. Verifiers drawn by it co-sign or refute. After a window the job is paid; a proven lie is
    slashed. Every payment is a credit that its owner withdraws.
@dev A verifier is drawn for a job if keccak256(mix, job, verifier) falls below a bound proportional to its share of the
    stake, so that nobody needs a list. The bound doubles each PATIENCE after posting, so that silence does not block.
"""

interface Registry:
    def slash(node: address, amount: uint256) -> uint256: nonpayable
    def serves_since(node: address) -> (uint256, uint256): view
    def operator_of(node: address) -> address: view
    def serving_stake() -> uint256: view
    def DELAY() -> uint256: view
    def LEAST_STAKE() -> uint256: view

event JobOpened:
    job: indexed(bytes32)
    customer: indexed(address)
    price: uint256
    fee: uint256
    quorum: uint256
    deadline: uint256

event BatchPosted:
    executor: indexed(address)
    number: uint256
    root: bytes32
    mix: bytes32
    count: uint256

event JobClaimed:
    job: indexed(bytes32)
    executor: indexed(address)
    output: bytes32
    final_from: uint256

event JobPaid:
    job: indexed(bytes32)
    executor: indexed(address)
    price: uint256

event JobRefunded:
    job: indexed(bytes32)
    customer: indexed(address)
    amount: uint256

event Lied:
    job: indexed(bytes32)
    node: indexed(address)
    reporter: indexed(address)
    taken: uint256
    proof: String[16]

event Withdrawn:
    owner: indexed(address)
    amount: uint256

flag State:
    OPEN
    CLAIMED
    PAID
    REFUNDED

struct Job:
    customer: address
    code: bytes32
    input: bytes32
    price: uint256     # for the executor
    fee: uint256       # for each co-signing verifier
    quorum: uint256
    deadline: uint256  # of the claim
    state: State

struct Claim:
    executor: address
    number: uint256
    output: bytes32
    final_from: uint256
    signers: DynArray[address, 8]

struct Batch:
    root: bytes32
    mix: bytes32
    posted: uint256
    stake: uint256     # serving stake when it was posted

struct Receipt:
    job: bytes32
    executor: address
    number: uint256    # of the executor's batch: a receipt belongs to one
    code: bytes32
    input: bytes32
    output: bytes32
    finished: uint256  # seconds since 1970
    energy_mj: uint256

struct Signature:
    v: uint256
    r: uint256
    s: uint256

struct Verdict:
    verifier: address
    signature: Signature

REGISTRY: immutable(Registry)
WINDOW: public(immutable(uint256))
PATIENCE: public(immutable(uint256))
PENALTY: public(immutable(uint256))
LOT: constant(uint256) = 2  # verifiers expected in a lot, for each of the quorum
MAX_QUORUM: constant(uint256) = 8
MAX_LIFE: constant(uint256) = 366 * 86400

DOMAIN_TYPE: constant(bytes32) = keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
RECEIPT_TYPE: constant(bytes32) = keccak256("Receipt(bytes32 job,address executor,uint256 number,bytes32 code,bytes32 input,bytes32 output,uint256 finished,uint256 energy_mj)")
BATCH_TYPE: constant(bytes32) = keccak256("Batch(bytes32 root,uint256 number,uint256 count)")
VERDICT_TYPE: constant(bytes32) = keccak256("Verdict(bytes32 job,address executor,uint256 number,bytes32 output)")
HALF_ORDER: constant(uint256) = 57896044618658097711785492504343953926418782139537452191302581570759080747168

jobs: public(HashMap[bytes32, Job])
claims: HashMap[bytes32, Claim]
batches: public(HashMap[address, HashMap[uint256, Batch]])
lied: public(HashMap[bytes32, HashMap[address, bool]])
credit: public(HashMap[address, uint256])


@deploy
def __init__(registry: address, window: uint256, patience: uint256, penalty: uint256):
    assert window > 0 and patience > 0 and penalty > 0, "zero"
    REGISTRY = Registry(registry)
    # stake must stay longer than a lie can be proved, and be able to pay for it
    assert staticcall REGISTRY.DELAY() > window, "the registry's delay is too short"
    assert staticcall REGISTRY.LEAST_STAKE() >= penalty, "the penalty is above the least stake"
    WINDOW = window
    PATIENCE = patience
    PENALTY = penalty


@payable
@external
def __default__():
    assert msg.sender == REGISTRY.address, "only the registry pays in"


# Hashes and signatures -------------------------------------------------------------------------------------------


@view
@internal
def _typed(content: bytes32) -> bytes32:
    domain: bytes32 = keccak256(abi_encode(DOMAIN_TYPE, keccak256("Orbital Cloud"), keccak256("1"), chain.id, self))
    return keccak256(concat(x"1901", domain, content))


@pure
@internal
def _receipt_hash(receipt: Receipt) -> bytes32:
    return keccak256(abi_encode(RECEIPT_TYPE, receipt))


@view
@internal
def _verdict_digest(job: bytes32, claim: Claim, output: bytes32) -> bytes32:
    return self._typed(keccak256(abi_encode(VERDICT_TYPE, job, claim.executor, claim.number, output)))


@pure
@internal
def _signed(digest: bytes32, signature: Signature, signer: address) -> bool:
    if signature.s > HALF_ORDER or signer == empty(address):
        return False
    return ecrecover(digest, signature.v, signature.r, signature.s) == signer


@pure
@internal
def _under(leaf: bytes32, proof: DynArray[bytes32, 20], root: bytes32) -> bool:
    here: bytes32 = leaf
    for other: bytes32 in proof:
        if convert(here, uint256) < convert(other, uint256):
            here = keccak256(concat(here, other))
        else:
            here = keccak256(concat(other, here))
    return here == root


@view
@internal
def _drawn(job: bytes32, quorum: uint256, batch: Batch, verifier: address) -> bool:
    stake: uint256 = 0
    since: uint256 = 0
    stake, since = staticcall REGISTRY.serves_since(verifier)
    if stake == 0 or since >= batch.posted or batch.stake == 0:
        return False
    doublings: uint256 = min(16, (block.timestamp - batch.posted) // PATIENCE)
    wanted: uint256 = LOT * max(quorum, 1) * 2**doublings  # who asked for no co-signature may still be told
    ticket: uint256 = convert(keccak256(abi_encode(batch.mix, job, verifier)), uint256) >> 128
    # stakes are below 2**96 wei (all ether there is) and `wanted` at most 2**20, so nothing overflows
    return ticket * batch.stake < wanted * stake * 2**128


@view
@external
def drawn(job: bytes32, executor: address, number: uint256, verifier: address) -> bool:
    """
    @notice Whether `verifier` may judge this job now: anyone can ask, and recompute the same from the header's mix.
    """
    if verifier == executor:
        return False
    return self._drawn(job, self.jobs[job].quorum, self.batches[executor][number], verifier)


# A job's life ----------------------------------------------------------------------------------------------------


@view
@external
def job_id(customer: address, salt: bytes32) -> bytes32:
    return keccak256(abi_encode(self, customer, salt))


@payable
@external
def open(salt: bytes32, code: bytes32, input: bytes32, price: uint256, fee: uint256, quorum: uint256, deadline: uint256) -> bytes32:
    """
    @notice Lock price + fee × quorum for a job; `salt` makes its name unique to the sender.
    """
    job: bytes32 = keccak256(abi_encode(self, msg.sender, salt))
    assert self.jobs[job].customer == empty(address), "salt used"
    assert quorum <= MAX_QUORUM, "quorum"
    assert price < 2**96 and fee < 2**96, "price"
    assert msg.value == price + fee * quorum, "value is not price + fee * quorum"
    assert deadline > block.timestamp and deadline <= block.timestamp + MAX_LIFE, "deadline"
    self.jobs[job] = Job(
        customer=msg.sender, code=code, input=input, price=price, fee=fee, quorum=quorum, deadline=deadline, state=State.OPEN
    )
    log JobOpened(job=job, customer=msg.sender, price=price, fee=fee, quorum=quorum, deadline=deadline)
    return job


@external
def post(executor: address, number: uint256, root: bytes32, count: uint256, signature: Signature):
    """
    @notice Commit an executor, who signed Batch(root, number, count), to a batch of receipts; anyone may carry it.
    """
    assert self.batches[executor][number].posted == 0, "posted already"
    content: bytes32 = keccak256(abi_encode(BATCH_TYPE, root, number, count))
    assert self._signed(self._typed(content), signature, executor), "executor's signature"
    mix: bytes32 = block.prevrandao
    self.batches[executor][number] = Batch(
        root=root, mix=mix, posted=block.timestamp, stake=staticcall REGISTRY.serving_stake()
    )
    log BatchPosted(executor=executor, number=number, root=root, mix=mix, count=count)


@external
def claim(receipt: Receipt, proof: DynArray[bytes32, 20], verdicts: DynArray[Verdict, 8]):
    """
    @notice Claim a job with a receipt under a posted root and the co-signatures of a quorum that the lot drew.
    """
    job: Job = self.jobs[receipt.job]
    assert job.state == State.OPEN, "not open"
    assert block.timestamp <= job.deadline, "too late"
    assert receipt.code == job.code and receipt.input == job.input, "another job's code or input"
    assert not self.lied[receipt.job][receipt.executor], "the executor lied about this job"
    stake: uint256 = 0
    since: uint256 = 0
    stake, since = staticcall REGISTRY.serves_since(receipt.executor)
    assert stake > 0, "the executor does not serve"
    batch: Batch = self.batches[receipt.executor][receipt.number]
    assert batch.posted != 0, "no such batch"
    assert self._under(keccak256(self._receipt_hash(receipt)), proof, batch.root), "not under the root"
    assert len(verdicts) == job.quorum, "quorum"
    made: Claim = Claim(
        executor=receipt.executor,
        number=receipt.number,
        output=receipt.output,
        final_from=block.timestamp + WINDOW,
        signers=[],
    )
    digest: bytes32 = self._verdict_digest(receipt.job, made, receipt.output)
    for verdict: Verdict in verdicts:
        assert verdict.verifier != receipt.executor, "executor verifies itself"
        assert verdict.verifier not in made.signers, "the same verifier twice"
        assert self._drawn(receipt.job, job.quorum, batch, verdict.verifier), "verifier not drawn"
        assert not self.lied[receipt.job][verdict.verifier], "the verifier lied about this job"
        assert self._signed(digest, verdict.signature, verdict.verifier), "verifier's signature"
        made.signers.append(verdict.verifier)
    self.claims[receipt.job] = made
    self.jobs[receipt.job].state = State.CLAIMED
    log JobClaimed(job=receipt.job, executor=receipt.executor, output=receipt.output, final_from=made.final_from)


@external
def pay(job: bytes32):
    """
    @notice Credit executor and verifiers of a claim whose window has passed.
    """
    one: Job = self.jobs[job]
    made: Claim = self.claims[job]
    assert one.state == State.CLAIMED, "not claimed"
    assert block.timestamp >= made.final_from, "the window is open"
    self.jobs[job].state = State.PAID
    self.credit[self._owner_of(made.executor, one.customer)] += one.price
    for verifier: address in made.signers:
        self.credit[self._owner_of(verifier, one.customer)] += one.fee
    log JobPaid(job=job, executor=made.executor, price=one.price)


@view
@internal
def _owner_of(node: address, customer: address) -> address:
    """A node that withdrew its stake before it was paid leaves its pay to the customer: nothing is stranded."""
    operator: address = staticcall REGISTRY.operator_of(node)
    return customer if operator == empty(address) else operator


@external
def refund(job: bytes32):
    """
    @notice Credit the customer of a job that nobody claimed by its deadline.
    """
    one: Job = self.jobs[job]
    assert one.state == State.OPEN, "not open"
    assert block.timestamp > one.deadline, "not yet"
    self._refund(job, one)


@internal
def _refund(job: bytes32, one: Job):
    amount: uint256 = one.price + one.fee * one.quorum
    self.jobs[job].state = State.REFUNDED
    self.credit[one.customer] += amount
    log JobRefunded(job=job, customer=one.customer, amount=amount)


@external
@nonreentrant
def withdraw():
    """
    @notice Pay the sender's credit out.
    """
    amount: uint256 = self.credit[msg.sender]
    assert amount > 0, "no credit"
    self.credit[msg.sender] = 0
    log Withdrawn(owner=msg.sender, amount=amount)
    send(msg.sender, amount, gas=msg.gas)


# Lies ------------------------------------------------------------------------------------------------------------


@external
def prove_two_receipts(one: Receipt, one_signature: Signature, other: Receipt, other_signature: Signature):
    """
    @notice Slash an executor that signed two different receipts of one job.
    """
    assert one.job == other.job and one.executor == other.executor, "two jobs or two executors"
    first: bytes32 = self._receipt_hash(one)
    second: bytes32 = self._receipt_hash(other)
    assert first != second, "the same receipt"
    assert self._signed(self._typed(first), one_signature, one.executor), "first signature"
    assert self._signed(self._typed(second), other_signature, one.executor), "second signature"
    self._punish(one.job, one.executor, "two receipts")
    self._undo(one.job, one.executor)


@external
def prove_two_verdicts(
    job: bytes32, verifier: address, executor: address, number: uint256, output: bytes32, signature: Signature,
    other_output: bytes32, other_signature: Signature
):
    """
    @notice Slash a verifier that signed two different outputs for one receipt.
    """
    assert output != other_output, "the same output"
    made: Claim = empty(Claim)
    made.executor = executor
    made.number = number
    assert self._signed(self._verdict_digest(job, made, output), signature, verifier), "first signature"
    assert self._signed(self._verdict_digest(job, made, other_output), other_signature, verifier), "second signature"
    self._punish(job, verifier, "two verdicts")


@external
def refute(job: bytes32, output: bytes32, verdicts: DynArray[Verdict, 16]):
    """
    @notice Slash the executor of a claim, in its window, by the verdicts of drawn verifiers that re-executed the job:
        at least a quorum, and more than co-signed it, who all found one other output.
    """
    one: Job = self.jobs[job]
    made: Claim = self.claims[job]
    assert one.state == State.CLAIMED, "not claimed"
    assert block.timestamp < made.final_from, "the window is closed"
    assert output != made.output, "that is what was claimed"
    assert len(verdicts) > len(made.signers), "more must refute than co-signed"
    batch: Batch = self.batches[made.executor][made.number]
    digest: bytes32 = self._verdict_digest(job, made, output)
    seen: DynArray[address, 16] = []
    for verdict: Verdict in verdicts:
        assert verdict.verifier != made.executor, "executor verifies itself"
        assert verdict.verifier not in made.signers, "it co-signed"
        assert verdict.verifier not in seen, "the same verifier twice"
        assert self._drawn(job, one.quorum, batch, verdict.verifier), "verifier not drawn"
        assert self._signed(digest, verdict.signature, verdict.verifier), "verifier's signature"
        seen.append(verdict.verifier)
    self._punish(job, made.executor, "refuted")
    self._undo(job, made.executor)


@internal
def _punish(job: bytes32, node: address, proof: String[16]):
    """Once for a job and a node. Half to who proved it, half to the job's customer (all to the prover without one)."""
    assert not self.lied[job][node], "punished already"
    assert staticcall REGISTRY.operator_of(node) != empty(address), "not registered"
    self.lied[job][node] = True
    taken: uint256 = extcall REGISTRY.slash(node, PENALTY)
    customer: address = self.jobs[job].customer
    share: uint256 = taken // 2
    if customer == empty(address):
        share = 0
    else:
        self.credit[customer] += share
    self.credit[msg.sender] += taken - share
    log Lied(job=job, node=node, reporter=msg.sender, taken=taken, proof=proof)


@internal
def _undo(job: bytes32, executor: address):
    """A claim by a liar that is not paid yet goes back to the customer."""
    one: Job = self.jobs[job]
    if one.state == State.CLAIMED and self.claims[job].executor == executor:
        self._refund(job, one)


@view
@external
def claim_of(job: bytes32) -> Claim:
    return self.claims[job]
