"""Streams of STCP and MTCP in any pieces."""

from __future__ import annotations

from orbitalcloud.network.framings import encode_mtcp, encode_stcp, mtcp_decoder, stcp_decoder


def corpus() -> dict[str, bytes]:
    """Two bundles' worth of each, with a keep-alive between."""
    bundles = (b"\x9f\x88\x07", b"", bytes(300))
    return {
        "stcp": b"\x07" + b"".join(encode_stcp(bundle) for bundle in bundles),
        "mtcp": b"\x07" + b"".join(encode_mtcp(bundle) for bundle in bundles),
        "wide": b"\x01\x5b\0\0\0\0\0\0\0\1x\x5a\0\0\0\1y",
    }


def target(data: bytes) -> None:
    """The bundles are the same whatever the pieces, and written again they are read again."""
    if not data:
        return
    piece = 1 + data[0]
    for decoder, encode in ((stcp_decoder, encode_stcp), (mtcp_decoder, encode_mtcp)):
        whole, error = _read(decoder(4096), [data[1:]])
        pieces, again = _read(decoder(4096), [data[at : at + piece] for at in range(1, len(data), piece)])
        assert error == again
        assert pieces == whole
        assert _read(decoder(4096), [b"".join(encode(bundle) for bundle in pieces)]) == (pieces, "")


def _read(decoder, pieces: list[bytes]) -> tuple[list[bytes], str]:
    got: list[bytes] = []
    for piece in pieces:
        got += decoder.feed(piece)
        assert decoder.held_bytes <= 4096 + 9
    return got, decoder.fault.check if decoder.fault else ""
