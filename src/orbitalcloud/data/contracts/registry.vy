# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Registry of nodes
@notice A node is its signing key. Its operator locks a stake for it; the settlement contract, named once, may slash it.
@dev Stake leaves only after a delay that is longer than any dispute, and can be slashed until it has left.
"""

event Registered:
    node: indexed(address)
    operator: indexed(address)
    stake: uint256

event StakeAdded:
    node: indexed(address)
    added: uint256
    stake: uint256

event Leaving:
    node: indexed(address)
    free_from: uint256

event Withdrawn:
    node: indexed(address)
    operator: indexed(address)
    stake: uint256

event Slashed:
    node: indexed(address)
    amount: uint256
    stake: uint256

event SettlementNamed:
    settlement: indexed(address)

struct Node:
    operator: address
    stake: uint256      # wei, held by this contract
    since: uint256      # when the stake last changed: a lot drawn earlier does not know it
    free_from: uint256  # when the stake may be withdrawn; 0 while the node serves

nodes: public(HashMap[address, Node])
serving_stake: public(uint256)  # of all nodes that serve
settlement: public(address)
DEPLOYER: immutable(address)
LEAST_STAKE: public(immutable(uint256))
DELAY: public(immutable(uint256))

DOMAIN_TYPE: constant(bytes32) = keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
REGISTRATION_TYPE: constant(bytes32) = keccak256("Registration(address operator)")
HALF_ORDER: constant(uint256) = 57896044618658097711785492504343953926418782139537452191302581570759080747168


@deploy
def __init__(least_stake: uint256, delay: uint256):
    assert least_stake > 0, "least stake"
    assert delay > 0, "delay"
    DEPLOYER = msg.sender
    LEAST_STAKE = least_stake
    DELAY = delay


@external
def name_settlement(settlement: address):
    """
    @notice Name the one contract that may slash, once and for all.
    """
    assert msg.sender == DEPLOYER, "deployer only"
    assert self.settlement == empty(address), "named already"
    assert settlement != empty(address), "no settlement"
    self.settlement = settlement
    log SettlementNamed(settlement=settlement)


@view
@internal
def _domain() -> bytes32:
    return keccak256(abi_encode(DOMAIN_TYPE, keccak256("Orbital Cloud"), keccak256("1"), chain.id, self))


@payable
@external
def register(node: address, v: uint256, r: uint256, s: uint256):
    """
    @notice Lock a stake for `node`, whose key consents by signing Registration(operator).
    """
    assert self.nodes[node].operator == empty(address), "registered already"
    assert msg.value >= LEAST_STAKE, "stake too small"
    assert s <= HALF_ORDER, "high s"
    digest: bytes32 = keccak256(
        concat(x"1901", self._domain(), keccak256(abi_encode(REGISTRATION_TYPE, msg.sender)))
    )
    assert node != empty(address) and ecrecover(digest, v, r, s) == node, "consent"
    self.nodes[node] = Node(operator=msg.sender, stake=msg.value, since=block.timestamp, free_from=0)
    self.serving_stake += msg.value
    log Registered(node=node, operator=msg.sender, stake=msg.value)


@payable
@external
def add_stake(node: address):
    """
    @notice Add to the stake of a node that serves. Lots drawn before this no longer count it.
    """
    one: Node = self.nodes[node]
    assert one.operator == msg.sender, "operator only"
    assert one.free_from == 0, "leaving"
    assert msg.value > 0, "nothing added"
    self.nodes[node].stake = one.stake + msg.value
    self.nodes[node].since = block.timestamp
    self.serving_stake += msg.value
    log StakeAdded(node=node, added=msg.value, stake=one.stake + msg.value)


@external
def leave(node: address):
    """
    @notice Stop serving; the stake may be withdrawn after the delay.
    """
    one: Node = self.nodes[node]
    assert one.operator == msg.sender, "operator only"
    assert one.free_from == 0, "leaving already"
    self.nodes[node].free_from = block.timestamp + DELAY
    self.serving_stake -= one.stake
    log Leaving(node=node, free_from=block.timestamp + DELAY)


@external
@nonreentrant
def withdraw(node: address):
    """
    @notice Pay what is left of the stake to the operator, and forget the node.
    """
    one: Node = self.nodes[node]
    assert one.operator == msg.sender, "operator only"
    assert one.free_from != 0 and block.timestamp >= one.free_from, "not yet"
    self.nodes[node] = empty(Node)
    log Withdrawn(node=node, operator=one.operator, stake=one.stake)
    send(one.operator, one.stake, gas=msg.gas)


@external
@nonreentrant
def slash(node: address, amount: uint256) -> uint256:
    """
    @notice Take up to `amount` from a node's stake and pay it to the settlement contract, which shares it out.
    @return What was taken. A node left with less than the least stake stops serving.
    """
    assert msg.sender == self.settlement, "settlement only"
    one: Node = self.nodes[node]
    taken: uint256 = min(amount, one.stake)
    if taken == 0:
        return 0
    rest: uint256 = one.stake - taken
    self.nodes[node].stake = rest
    self.nodes[node].since = block.timestamp
    if one.free_from == 0:
        self.serving_stake -= taken
        if rest < LEAST_STAKE:
            self.serving_stake -= rest
            self.nodes[node].free_from = block.timestamp + DELAY
            log Leaving(node=node, free_from=block.timestamp + DELAY)
    log Slashed(node=node, amount=taken, stake=rest)
    send(msg.sender, taken, gas=msg.gas)
    return taken


@view
@external
def serves_since(node: address) -> (uint256, uint256):
    """
    @return The stake of a node and since when it is that; zeros if it does not serve.
    """
    one: Node = self.nodes[node]
    if one.operator == empty(address) or one.free_from != 0:
        return 0, 0
    return one.stake, one.since


@view
@external
def operator_of(node: address) -> address:
    return self.nodes[node].operator
