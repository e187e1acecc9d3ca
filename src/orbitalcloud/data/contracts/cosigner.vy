# pragma version 0.4.3
# pragma evm-version cancun
"""
@title A purse with three keys, one of them in orbit
@notice Two of the three owners propose a call; after a window it may be executed, unless the third vetoes it meanwhile.
@dev Owners need no ether: they sign EIP-712, and anyone carries. Each proposal has the next number, so none can be
    replayed. A call that two have agreed to may also be withdrawn by two.
"""

event Proposed:
    number: indexed(uint256)
    to: indexed(address)
    value: uint256
    executable_from: uint256

event Vetoed:
    number: indexed(uint256)
    owner: indexed(address)

event Executed:
    number: indexed(uint256)
    to: indexed(address)
    value: uint256

event Funded:
    sender: indexed(address)
    value: uint256

struct Proposal:
    to: address
    value: uint256
    data_hash: bytes32
    executable_from: uint256
    third: address      # who did not sign, and may veto
    done: bool          # executed or vetoed

struct Signature:
    v: uint256
    r: uint256
    s: uint256

owners: public(address[3])
proposals: public(HashMap[uint256, Proposal])
next_number: public(uint256)
WINDOW: public(immutable(uint256))
LIFE: constant(uint256) = 30 * 86400

DOMAIN_TYPE: constant(bytes32) = keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
PROPOSAL_TYPE: constant(bytes32) = keccak256("Proposal(uint256 number,address to,uint256 value,bytes32 data_hash)")
VETO_TYPE: constant(bytes32) = keccak256("Veto(uint256 number)")
HALF_ORDER: constant(uint256) = 57896044618658097711785492504343953926418782139537452191302581570759080747168


@deploy
def __init__(owners: address[3], window: uint256):
    for i: uint256 in range(3):
        assert owners[i] != empty(address), "an owner is missing"
        for j: uint256 in range(3):
            assert i == j or owners[i] != owners[j], "two owners are one"
    assert window > 0 and window < LIFE, "window"
    self.owners = owners
    WINDOW = window


@payable
@external
def __default__():
    log Funded(sender=msg.sender, value=msg.value)


@view
@internal
def _typed(content: bytes32) -> bytes32:
    domain: bytes32 = keccak256(abi_encode(DOMAIN_TYPE, keccak256("Orbital Cloud"), keccak256("1"), chain.id, self))
    return keccak256(concat(x"1901", domain, content))


@pure
@internal
def _signer(digest: bytes32, signature: Signature) -> address:
    assert signature.s <= HALF_ORDER, "high s"
    return ecrecover(digest, signature.v, signature.r, signature.s)


@external
def propose(to: address, amount: uint256, data: Bytes[4096], first: Signature, second: Signature) -> uint256:
    """
    @notice Queue a call that two different owners signed.
    """
    number: uint256 = self.next_number
    data_hash: bytes32 = keccak256(data)
    digest: bytes32 = self._typed(keccak256(abi_encode(PROPOSAL_TYPE, number, to, amount, data_hash)))
    one: address = self._signer(digest, first)
    other: address = self._signer(digest, second)
    assert one != other, "one owner twice"
    assert one in self.owners and other in self.owners, "not an owner"
    third: address = empty(address)
    for owner: address in self.owners:
        if owner != one and owner != other:
            third = owner
    self.next_number = number + 1
    executable_from: uint256 = block.timestamp + WINDOW
    self.proposals[number] = Proposal(
        to=to, value=amount, data_hash=data_hash, executable_from=executable_from, third=third, done=False
    )
    log Proposed(number=number, to=to, value=amount, executable_from=executable_from)
    return number


@external
def veto(number: uint256, signature: Signature):
    """
    @notice Stop a proposal, signed by the owner who did not sign it, before it is executed.
    """
    one: Proposal = self.proposals[number]
    assert one.executable_from != 0 and not one.done, "no such open proposal"
    owner: address = self._signer(self._typed(keccak256(abi_encode(VETO_TYPE, number))), signature)
    assert owner != empty(address) and owner == one.third, "only the third owner"
    self.proposals[number].done = True
    log Vetoed(number=number, owner=owner)


@external
@nonreentrant
def execute(number: uint256, data: Bytes[4096]):
    """
    @notice Make the call of a proposal whose window has passed, within thirty days.
    """
    one: Proposal = self.proposals[number]
    assert one.executable_from != 0 and not one.done, "no such open proposal"
    assert block.timestamp >= one.executable_from, "the window is open"
    assert block.timestamp <= one.executable_from + LIFE, "too late"
    assert keccak256(data) == one.data_hash, "other data"
    self.proposals[number].done = True
    log Executed(number=number, to=one.to, value=one.value)
    raw_call(one.to, data, value=one.value)
