"""TLS between nodes: certificates that name a node, and two ways to trust one (RFC 9174 4.4).

A certificate names its node by a NODE-ID, an otherName of type bundleEID. *By authority*: a CA file says whose word on
that counts. *By key*: a node is its Ed25519 key, and the keys of the peers are known. A certificate made here is signed
by the node's own key under an issuer name that is that key in hexadecimal; to trust a key is to hand OpenSSL a trust
anchor of that name and key, which needs nothing from the peer and leaves the whole validation to OpenSSL. Both sides
show a certificate, TLS 1.3 only.

A stranger may be let in where its name follows from its key: it says the key as its server name (RFC 6066), is asked to
prove it like any other, and may then speak for the one node id that belongs to it.
"""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from orbitalcloud.core import DataError, RemoteProtocolError
from orbitalcloud.network import parse_eid
from orbitalcloud.network.identity import eid_key

BUNDLE_EID = x509.ObjectIdentifier("1.3.6.1.5.5.7.8.11")
"""id-on-bundleEID (RFC 9174 4.4.1)."""
BUNDLE_SECURITY = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.35")
"""id-kp-bundleSecurity (RFC 9174 4.4.2)."""

_SAID_KEY = re.compile(r"([0-9a-f]{32})\.([0-9a-f]{32})\.key\.invalid")
"""A server name that is a key, in two labels of a DNS name; .invalid is nobody's (RFC 6761)."""
_MALFORMED = (
    ValueError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
"""What `cryptography` raises at a certificate that OpenSSL found good and it does not."""
_IA5_STRING = 0x16
_BEGIN = datetime(2020, 1, 1, tzinfo=UTC)
_YEARS = timedelta(days=365 * 100)
"""A key is trusted or not; its certificate's dates say nothing, and a satellite's clock may be wrong."""


class Security(Protocol):
    """What a link needs of TLS."""

    def context(self, server: bool) -> ssl.SSLContext:
        """The context for one side of a handshake."""
        ...

    def server_name(self) -> str | None:
        """What a dialling side says as server name; None for nothing."""
        ...

    def certified(self, certificate: bytes | None) -> frozenset[str]:
        """The node ids that the peer's (DER) certificate, already valid to the context, may speak for.

        `RemoteProtocolError` where it is unreadable.
        """
        ...

    def binds(self, node_id: str) -> bool:
        """Whether a key is known for this node id, so that nobody may speak for it without TLS."""
        ...


@dataclass(frozen=True, slots=True)
class ByAuthority:
    """Our certificate chain and key as PEM files, and the CA file whose certificates are believed."""

    chain: Path
    key: Path
    authority: Path

    def __post_init__(self) -> None:
        """`DataError` where the files are missing or do not belong together: before any neighbour comes."""
        self.context(server=True)

    def context(self, server: bool) -> ssl.SSLContext:
        made = _context(server)
        try:
            made.load_cert_chain(self.chain, self.key)
            made.load_verify_locations(self.authority)
        except (ssl.SSLError, OSError) as error:
            files = f"{self.chain}, {self.key}, {self.authority}"
            raise DataError("tls files", files, f"give PEM files that belong together ({error})") from None
        return made

    def server_name(self) -> str | None:
        return None

    def certified(self, certificate: bytes | None) -> frozenset[str]:
        return node_ids(_read(certificate))

    def binds(self, node_id: str) -> bool:
        return False  # an authority's names are not known beforehand


class ByKey:
    """Our node's key, and a table of the peers' (node id to Ed25519 public key), read anew at each handshake.

    With `stranger_id`, the node id that follows from a key, nodes that are in no table may dial us under that id.
    """

    def __init__(
        self,
        node_id: str,
        key: Ed25519PrivateKey,
        peers: Callable[[], Mapping[str, bytes]],
        stranger_id: Callable[[bytes], str] | None = None,
    ) -> None:
        self.node_id, self._key, self._peers, self._stranger_id = node_id, key, peers, stranger_id
        self._chain = make_certificate(node_id, key)

    def context(self, server: bool) -> ssl.SSLContext:
        made = self._trusting(server, set(self._peers().values()))
        if server and self._stranger_id is not None:
            made.sni_callback = self._hear
        return made

    def server_name(self) -> str | None:
        said = raw_key(self._key.public_key()).hex()
        return f"{said[:32]}.{said[32:]}.key.invalid"

    def _hear(self, stream: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        """A dialling node says its key: have OpenSSL take the proof of that one too."""
        said = _SAID_KEY.fullmatch(name or "")
        if said is not None:
            key = bytes.fromhex(said[1] + said[2])
            if self._own_id(key):
                stream.context = self._trusting(True, {*self._peers().values(), key})

    def _own_id(self, key: bytes) -> str:
        """The node id that follows from a stranger's key; none if it is no good key, or strangers are not let in."""
        try:
            return self._stranger_id(key) if self._stranger_id is not None else ""
        except (DataError, RemoteProtocolError):
            return ""

    def _trusting(self, server: bool, keys: set[bytes]) -> ssl.SSLContext:
        made = _context(server)
        key = self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        with _as_file(self._chain + key) as path:
            made.load_cert_chain(path)
        anchors = b"".join(trust_anchor(key) for key in sorted(keys))
        if anchors:
            made.load_verify_locations(cadata=anchors.decode())
        return made

    def certified(self, certificate: bytes | None) -> frozenset[str]:
        read = _read(certificate)
        key = read.public_key()
        if not isinstance(key, Ed25519PublicKey):
            raise RemoteProtocolError("certificate-key", "it is not an Ed25519 key")
        raw, peers = raw_key(key), self._peers()
        own = self._own_id(raw)
        return frozenset(name for name in node_ids(read) if peers.get(name) == raw or name == own)

    def binds(self, node_id: str) -> bool:
        if node_id in self._peers():
            return True
        key = eid_key(parse_eid(node_id))
        return key is not None and self._own_id(key) == node_id


def raw_key(key: Ed25519PublicKey) -> bytes:
    """The key's 32 bytes."""
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def make_certificate(node_id: str, key: Ed25519PrivateKey, signer: Ed25519PrivateKey | None = None) -> bytes:
    """A PEM certificate that says that the holder of `key` is the node `node_id`, signed by itself or by `signer`."""
    public, by = key.public_key(), signer or key
    name = x509.OtherName(BUNDLE_EID, _ia5_string(node_id))
    purposes = [BUNDLE_SECURITY, ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
    return (
        _begun(x509.Name([]), _name_of(by.public_key()), public)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([name]), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False)
        .sign(by, None)
        .public_bytes(Encoding.PEM)
    )


def trust_anchor(key: bytes) -> bytes:
    """A PEM certificate whose only use is to tell OpenSSL that signatures of this public key count.

    Its own signature is by a key thrown away: a trust anchor's is never looked at (RFC 5280 6.1).
    """
    public = Ed25519PublicKey.from_public_bytes(key)
    name = _name_of(public)
    return (
        _begun(name, name, public)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .sign(Ed25519PrivateKey.generate(), None)
        .public_bytes(Encoding.PEM)
    )


def node_ids(certificate: x509.Certificate) -> frozenset[str]:
    """Its NODE-IDs; `RemoteProtocolError` where it is not one for a node."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        others = names.get_values_for_type(x509.OtherName)
        return frozenset(_ia5_text(name.value) for name in others if name.type_id == BUNDLE_EID)
    except x509.ExtensionNotFound:
        return frozenset()
    except _MALFORMED as error:
        raise RemoteProtocolError("certificate", f"its extensions are malformed: {str(error)[:200]}") from None


def _read(certificate: bytes | None) -> x509.Certificate:
    if certificate is None:
        raise RemoteProtocolError("certificate", "the peer showed none")
    try:
        read = x509.load_der_x509_certificate(certificate)
        read.public_key()
    except _MALFORMED as error:
        raise RemoteProtocolError("certificate", f"it is malformed: {str(error)[:200]}") from None
    return read


def _context(server: bool) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
    made.minimum_version = ssl.TLSVersion.TLSv1_3
    made.check_hostname = False  # the node is authenticated, not its host (RFC 9174 4.4.5)
    made.verify_mode = ssl.CERT_REQUIRED
    return made


def _begun(subject: x509.Name, issuer: x509.Name, key: Ed25519PublicKey) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(_BEGIN)
        .not_valid_after(_BEGIN + _YEARS)
    )


def _name_of(key: Ed25519PublicKey) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, raw_key(key).hex())])


def _usage(signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=not signs,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def _ia5_string(text: str) -> bytes:
    """DER of an IA5String; the text of a node id is ASCII."""
    data = text.encode("ascii")
    size = bytes((len(data),)) if len(data) < 0x80 else b"\x82" + len(data).to_bytes(2, "big")
    return bytes((_IA5_STRING,)) + size + data


def _ia5_text(der: bytes) -> str:
    """The text of an IA5String; `ValueError` if these bytes are none."""
    if len(der) < 2 or der[0] != _IA5_STRING:
        raise ValueError("a bundle EID is an IA5String")
    size, at = der[1], 2
    if size & 0x80:
        at += size & 0x7F
        size = int.from_bytes(der[2:at], "big")
    if len(der) != at + size or at > 4:
        raise ValueError("a bundle EID's length is wrong")
    return der[at:].decode("ascii")


@contextmanager
def _as_file(data: bytes) -> Iterator[str]:
    """A path that OpenSSL can read the bytes from, without a file on a disk: they hold the private key."""
    handle = os.memfd_create("node", os.MFD_CLOEXEC)
    try:
        with open(handle, "wb", closefd=False) as file:
            file.write(data)
        yield f"/proc/self/fd/{handle}"
    finally:
        os.close(handle)
