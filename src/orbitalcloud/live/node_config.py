"""What `orbital node` is told: by a TOML file, by options, or both."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from orbitalcloud.core import DataError, from_hex
from orbitalcloud.network import Petnames, endpoint, parse_eid
from orbitalcloud.network.identity import check_key, read_key_name
from orbitalcloud.network.security import Level, SourceRule

MAX_CONFIG_BYTES = 1 << 20
Url = Annotated[str, Meta(max_length=300)]


class NodeConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """Every key has a default: a node with none of them listens nowhere and talks to nobody, but keeps mail."""

    store: str = "node"
    """Folder of the node's key and memory, beside the configuration file or the current folder."""
    name: str = ""
    """A name instead of the one that follows from the key: `alice`, `dtn://alice/` or `ipn:5.0`."""
    listen: tuple[Url, ...] = ()
    """Where neighbours come in: `tcpcl://127.0.0.1:4556`."""
    peers: tuple[Url, ...] = ()
    """Neighbours to call, and to call again: `tcpcl://host:4556`."""
    routes: tuple[str, ...] = ()
    """`NODE via NEIGHBOUR`: whom to give bundles for a node to that is not itself a neighbour."""
    plan: str = ""
    """A contact-plan file, for routes of several hops."""
    tls: Literal["", "keys", "files"] = ""
    """`keys`: TLS by the nodes' own keys, those in `keys` and those that nodes are named by; `files`: by PEM files."""
    keys: dict[str, str] = {}
    """Names of nodes → their public keys (64 hex digits or z6Mk…): who signs as `alice`, and who proves it by TLS."""
    security: Level = "signed"
    """What this node does to bundles that it makes, and asks of all others: `signed`, `sealed` (and signed), `none`."""
    rules: tuple[str, ...] = ()
    """`SOURCE LEVEL [BLOCK-TYPE]`: what is asked of a source instead; `ipn:*` is all whose names begin so."""
    secret: str = ""
    """A file of 64 hex digits that those who seal for each other share, for `security = "sealed"`."""
    gossip: bool = True
    """Whether notices are exchanged with TCPCLv4 neighbours: who there is, by which key, and who has a link to whom."""
    redial_s: Annotated[float, Meta(ge=0, le=3600)] = 0
    """The longest wait before a neighbour is called again; 0: 5 s on this machine and in private networks, else 60."""
    tls_certificate: str = ""
    tls_key: str = ""
    tls_authority: str = ""
    """PEM files: our certificate chain, its key, and whose signature neighbours must show."""
    require_tls: bool = False
    """Whether neighbours without TLS are turned away."""
    store_mib: Annotated[int, Meta(ge=1, le=1 << 20)] = 1024
    store_bundles: Annotated[int, Meta(ge=1, le=10_000_000)] = 200_000
    """What is carried for others at most."""
    mail_mib: Annotated[int, Meta(ge=1, le=1 << 20)] = 1024
    mail_letters: Annotated[int, Meta(ge=2, le=10_000_000)] = 400_000
    """What waits for readers at most; one service may fill half."""
    remembered: Annotated[int, Meta(ge=1, le=10_000_000)] = 400_000
    """Ids of delivered bundles, against duplicates, each until it would have expired."""
    tolerate: tuple[str, ...] = ()
    """Breaches of RFC 9171 that are let pass, by name: what neighbours send that could do no better."""
    log: str = ""
    """A file for the node's Log, a JSON line an entry; at 64 MiB it is put aside as FILE.1."""


def load_config(place: Path) -> NodeConfig:
    """The configuration in a TOML file, relative paths taken from its folder; `DataError` names what is wrong."""
    try:
        data = place.read_bytes()
    except OSError as error:
        raise DataError("configuration", str(place), error.strerror or "cannot be read") from None
    if len(data) > MAX_CONFIG_BYTES:
        raise DataError("configuration", str(place), f"at most {MAX_CONFIG_BYTES} bytes are read")
    try:
        config = msgspec.toml.decode(data, type=NodeConfig)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        keys = ", ".join(field.encode_name for field in msgspec.structs.fields(NodeConfig))
        raise DataError(str(place), " ".join(str(error).split()), f"keys are {keys}") from None
    beside = place.resolve().parent
    paths = ("store", "plan", "tls_certificate", "tls_key", "tls_authority", "log", "secret")
    found = {key: str(beside / getattr(config, key)) for key in paths if getattr(config, key)}
    return msgspec.structs.replace(config, **found)


def node_name(text: str) -> str:
    """The node's name in an alias that a person gave; `DataError` where it is none."""
    if text.startswith(("dtn:", "ipn:")):
        eid = parse_eid(text if text.startswith("dtn:") or text.count(".") else f"{text}.0")
        if eid.is_null or eid.service not in ("", "0"):
            raise DataError("--name", text, "a node's name has no service: dtn://alice/ or ipn:5.0")
        return eid.node
    return endpoint(text).node


def static_routes(config: NodeConfig) -> list[tuple[str, str]]:
    """(destination, neighbour) of each route; `DataError` names the one that is wrong."""
    found = []
    for text in config.routes:
        words = text.split()
        if len(words) != 3 or words[1] != "via":
            raise DataError("route", text, "write NODE via NEIGHBOUR, such as: carol via bob")
        found.append((node_name(words[0]), node_name(words[2])))
    return found


def bound_names(config: NodeConfig, name: str, own: bytes) -> Petnames:
    """Whose keys the owner knows, this node's among them; `DataError` names the one that is wrong."""
    names = Petnames({node_name(one): read_key(one, text) for one, text in config.keys.items()})
    known = names.key(name)
    if known is not None and known != own:
        raise DataError("name", name, "it is another's key, or bound to one: choose another name, or none")
    if known is None:
        names.add(name, own)
    return names


def read_key(name: str, text: str) -> bytes:
    """The public key of a node, as a person wrote it."""
    try:
        return read_key_name(text) if text.startswith("z") else check_key(from_hex(text, 32))
    except DataError:
        remedy = "write the 64 hex digits that the node says at its start, or z6Mk…"
        raise DataError(f"key of {name}", text, remedy) from None


def source_rules(config: NodeConfig) -> list[SourceRule]:
    """The rules of `rules`; `DataError` names the one that is wrong."""
    found = []
    for text in config.rules:
        words = text.split()
        try:
            name, level, *block = words
            source = name if name.endswith("*") else node_name(name)
            (kind,) = map(int, block or ("1",))
            found.append(msgspec.convert({"source": source, "level": level, "block": kind}, SourceRule))
        except (ValueError, DataError):
            raise DataError("rule", text, "write SOURCE LEVEL [BLOCK-TYPE], such as: ipn:* none") from None
    return found


def shared_secret(config: NodeConfig) -> bytes:
    """What bundles are sealed by, or nothing; `DataError` where it is missing or unfit."""
    if not config.secret:
        if config.security == "sealed":
            raise DataError("security", "sealed", "give a secret = FILE that those who read its bundles have too")
        return b""
    try:
        text = Path(config.secret).read_text(errors="replace").strip()
    except OSError as error:
        raise DataError("secret", config.secret, error.strerror or "cannot be read") from None
    return from_hex(text, 32)
