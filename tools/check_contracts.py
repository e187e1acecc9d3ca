"""A static analyser for data/contracts/*.vy: rules over the compiler's annotated syntax tree, warnings as errors.

    python tools/check_contracts.py            # exits 1 and names rule and line where one is broken

Slither 0.11.6 reads Vyper 0.3.7 only (it fails on 0.4.3's source maps), so the rules that concern us are here:

compiler      Vyper itself has nothing to warn of
effects       nothing is stored after ether or control went to an address that somebody chose (checks, effects, calls)
reentrancy    an external function that sends ether or calls out with data is entered once
calls         a contract that is called to change it is an immutable one, chosen at deployment
tells         a function that stores something logs an event, itself or in what it calls
recovers      who uses ecrecover bounds s (EIP-2)
reasons       every assertion says why
exactness     nothing is multiplied after it was divided, no unchecked arithmetic
time          the block's time is compared by order, never for equality
forbidden     selfdestruct, tx.origin, delegate calls, creation of contracts, blockhash as chance
used          every internal function, event, constant and storage variable is used
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from make_contracts import SOURCES, compiler

Node = dict[str, Any]
HANDS_OVER = {"send", "raw_call"}
FORBIDDEN = {
    "selfdestruct",
    "create_minimal_proxy_to",
    "create_copy_of",
    "create_from_blueprint",
    "blockhash",
    "unsafe_add",
    "unsafe_sub",
    "unsafe_mul",
    "unsafe_div",
}


@dataclass(frozen=True, slots=True)
class Step:
    """What a function does, in order: `store`, `hand-over` (send, raw_call), `extcall`, `log`, `recover`."""

    kind: str
    name: str
    line: int


def parsed(source: Path) -> Node:
    """The annotated tree of one contract; warnings are errors."""
    command = [*compiler(), "-W", "error", "-f", "annotated_ast", source.name]
    printed = subprocess.run(command, capture_output=True, text=True, cwd=source.parent)
    if printed.returncode:
        raise SystemExit(f"{source.name}: compiler: {printed.stderr.strip()[-600:]}")
    tree: Node = json.loads(printed.stdout)["ast"]
    return tree


def walk(node: Any) -> Iterator[Node]:
    """Every node of the source below this one, in the order of the source."""
    found = [one for one in _all(node) if "ast_type" in one and "src" in one]
    yield from sorted(found, key=lambda one: int(str(one["src"]).split(":")[0]))


def _all(node: Any) -> Iterator[Node]:
    if isinstance(node, dict):
        yield node
        for key, value in node.items():
            if key not in ("type", "folded_value", "variable_reads", "variable_writes"):
                yield from _all(value)
    elif isinstance(node, list):
        for one in node:
            yield from _all(one)


def _called(node: Node) -> str:
    """The name that a call is of: `send`, `self._pay`, `REGISTRY.slash`."""
    return _dotted(node["func"]) if node["ast_type"] == "Call" else ""


def _dotted(node: Node) -> str:
    if node["ast_type"] == "Name":
        return str(node["id"])
    if node["ast_type"] == "Attribute":
        return f"{_dotted(node['value'])}.{node['attr']}"
    return _dotted(node["value"]) if node["ast_type"] == "Subscript" else "?"


class Contract:
    """One contract's functions, and what each does with what it calls put in its place."""

    def __init__(self, source: Path) -> None:
        self.source, self.tree = source, parsed(source)
        self.functions = {one["name"]: one for one in self.tree["body"] if one["ast_type"] == "FunctionDef"}

        variables = [one for one in self.tree["body"] if one["ast_type"] == "VariableDecl"]
        self.fixed = {one["target"]["id"] for one in variables if one["is_immutable"] or one["is_constant"]}

    def decorators(self, name: str) -> set[str]:
        return {one.get("id", "") for one in self.functions[name]["decorator_list"]}

    def steps(self, name: str, above: tuple[str, ...] = ()) -> list[Step]:
        """In the order of the source; Vyper has no recursion, and its loops are bounded."""
        found: list[Step] = []
        inner = {id(node["value"]): node for node in _all(self.functions[name]) if node.get("ast_type") == "ExtCall"}
        for node in walk(self.functions[name]["body"]):
            line, kind, call = int(node["lineno"]), node["ast_type"], _called(node)
            if kind in ("Assign", "AugAssign") and _dotted(node["target"]).startswith("self."):
                found.append(Step("store", _dotted(node["target"]), line))
            elif kind == "Log":
                found.append(Step("log", _dotted(node["value"]["func"]), line))
            elif kind == "Call" and id(node) in inner:
                found.append(Step("extcall", call, line))
            elif call in HANDS_OVER:
                found.append(Step("hand-over", call, line))
            elif call == "ecrecover":
                found.append(Step("recover", call, line))
            elif call.startswith("self.") and call[5:] in self.functions and call[5:] not in above:
                found += self.steps(call[5:], (*above, name))
        return found


def broken(contract: Contract) -> Iterator[tuple[int, str, str]]:
    """(line, rule, text) of everything that breaks a rule."""
    for name in contract.functions:
        yield from _function(contract, name)
    yield from _expressions(contract)
    yield from _unused(contract)


def _function(contract: Contract, name: str) -> Iterator[tuple[int, str, str]]:
    marks, node = contract.decorators(name), contract.functions[name]
    steps = contract.steps(name)
    line = int(node["lineno"])
    handed = next((place for place, step in enumerate(steps) if step.kind == "hand-over"), len(steps))
    for step in steps[handed + 1 :]:
        if step.kind == "store":
            after = f"after {steps[handed].name} in line {steps[handed].line}"
            yield step.line, "effects", f"{name} stores {step.name} {after}"
    for step in steps:
        if step.kind == "extcall" and step.name.split(".")[0] not in contract.fixed:
            yield step.line, "calls", f"{name} calls {step.name}, which somebody may choose"
    if "external" in marks:
        if handed < len(steps) and "nonreentrant" not in marks:
            yield line, "reentrancy", f"{name} hands over control and may be entered again"
        stores = [step for step in steps if step.kind == "store"]
        if stores and not any(step.kind == "log" for step in steps):
            yield line, "tells", f"{name} stores {stores[0].name} and logs nothing"
    own = [_called(one) for one in walk(node["body"])]
    if "ecrecover" in own:
        names = {one.get("id") for one in walk(node["body"])}
        if "HALF_ORDER" not in names:
            yield line, "recovers", f"{name} uses ecrecover and does not bound s"


def _expressions(contract: Contract) -> Iterator[tuple[int, str, str]]:
    for node in walk(contract.tree["body"]):
        line, kind = int(node.get("lineno", 0)), node["ast_type"]
        if kind == "Assert" and node.get("msg") is None:
            yield line, "reasons", "an assertion without a reason"
        if kind == "BinOp" and node["op"]["ast_type"] == "Mult":
            sides = [one for side in (node["left"], node["right"]) for one in _all(side) if "op" in one]
            if any(one["op"].get("ast_type") in ("FloorDiv", "Div") for one in sides):
                yield line, "exactness", "multiplied after it was divided"
        if kind == "Compare" and node["op"]["ast_type"] in ("Eq", "NotEq"):
            texts = [_dotted(one) for one in walk(node) if one["ast_type"] == "Attribute"]
            if "block.timestamp" in texts:
                yield line, "time", "the block's time is compared for equality"
        if _called(node) in FORBIDDEN or (kind == "Attribute" and _dotted(node) == "tx.origin"):
            yield line, "forbidden", _called(node) or "tx.origin"
        if kind == "keyword" and node.get("arg") == "is_delegate_call":
            yield line, "forbidden", "a delegate call"


def _unused(contract: Contract) -> Iterator[tuple[int, str, str]]:
    used: dict[str, int] = {}
    for node in walk(contract.tree["body"]):
        name = str(node.get("id") or node.get("attr") or "")
        used[name] = used.get(name, 0) + 1
    for node in contract.tree["body"]:
        kind, line = node["ast_type"], int(node["lineno"])
        if kind == "FunctionDef" and "internal" in contract.decorators(node["name"]) and node["name"] not in used:
            yield line, "used", f"nothing calls {node['name']}"
        if kind in ("EventDef", "StructDef", "FlagDef") and node["name"] not in used:
            yield line, "used", f"nothing uses {node['name']}"
        if kind == "VariableDecl" and not node.get("is_public") and used.get(node["target"]["id"], 0) < 2:
            yield line, "used", f"nothing uses {node['target']['id']}"


def main(paths: list[Path]) -> int:
    """Print what is broken; 1 if anything is."""
    count = functions = 0
    for source in paths:
        contract = Contract(source)
        functions += len(contract.functions)
        for line, rule, text in sorted(broken(contract)):
            count += 1
            print(f"{source.name}:{line}: {rule}: {text}")
    print(f"{len(paths)} contracts, {functions} functions, {count} findings", file=sys.stderr)
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main([Path(name) for name in sys.argv[1:]] or sorted(SOURCES.glob("*.vy"))))
