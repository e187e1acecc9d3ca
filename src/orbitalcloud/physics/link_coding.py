"""Modulations and codes: what signal-to-noise ratio each needs, and how many bits a symbol it carries."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

import numpy as np


@dataclass(frozen=True, slots=True)
class ModCod:
    """A modulation with a code. `required_es_n0_db` holds for an ideal demodulator."""

    name: str
    bits_per_symbol: float
    """Of information, after coding."""
    required_es_n0_db: float

    @property
    def required_eb_n0_db(self) -> float:
        """Per bit of information."""
        return self.required_es_n0_db - 10.0 * float(np.log10(self.bits_per_symbol))


def _by_bit(name: str, bits_per_symbol: float, eb_n0_db: float) -> ModCod:
    return ModCod(name, bits_per_symbol, eb_n0_db + 10.0 * float(np.log10(bits_per_symbol)))


DVB_S2 = tuple(
    ModCod(name, bits, es_n0)
    for name, bits, es_n0 in (
        ("QPSK 1/4", 0.490243, -2.35),
        ("QPSK 1/3", 0.656448, -1.24),
        ("QPSK 2/5", 0.789412, -0.30),
        ("QPSK 1/2", 0.988858, 1.00),
        ("QPSK 3/5", 1.188304, 2.23),
        ("QPSK 2/3", 1.322253, 3.10),
        ("QPSK 3/4", 1.487473, 4.03),
        ("QPSK 4/5", 1.587196, 4.68),
        ("QPSK 5/6", 1.654663, 5.18),
        ("QPSK 8/9", 1.766451, 6.20),
        ("QPSK 9/10", 1.788612, 6.42),
        ("8PSK 3/5", 1.779991, 5.50),
        ("8PSK 2/3", 1.980636, 6.62),
        ("8PSK 3/4", 2.228124, 7.91),
        ("8PSK 5/6", 2.478562, 9.35),
        ("8PSK 8/9", 2.646012, 10.69),
        ("8PSK 9/10", 2.679207, 10.98),
        ("16APSK 2/3", 2.637201, 8.97),
        ("16APSK 3/4", 2.966728, 10.21),
        ("16APSK 4/5", 3.165623, 11.03),
        ("16APSK 5/6", 3.300184, 11.61),
        ("16APSK 8/9", 3.523143, 12.89),
        ("16APSK 9/10", 3.567342, 13.13),
        ("32APSK 3/4", 3.703295, 12.73),
        ("32APSK 4/5", 3.951571, 13.64),
        ("32APSK 5/6", 4.119540, 14.28),
        ("32APSK 8/9", 4.397854, 15.69),
        ("32APSK 9/10", 4.453027, 16.05),
    )
)
"""ETSI EN 302 307-1 V1.4.1, table 13: packet error rate 1e-7, frames of 64,800 bits, no pilots, ideal demodulation."""

CCSDS = (
    _by_bit("QPSK, LDPC 1/2", 1.0, 1.0),
    _by_bit("QPSK, convolutional 1/2 and Reed-Solomon (255,223)", 2.0 * 0.5 * 223.0 / 255.0, 2.6),
    _by_bit("QPSK, convolutional 1/2", 1.0, 4.2),
    _by_bit("QPSK, LDPC 7/8", 2.0 * 7136.0 / 8160.0, 3.9),
)
"""Codes of CCSDS 131.0-B at a bit error rate near 1e-5, as commonly quoted of CCSDS 130.1-G: good to some 0.3 dB, and
not checked here against its curves."""

UNCODED = (
    _by_bit("BPSK, uncoded", 1.0, 9.59),
    _by_bit("QPSK, uncoded", 2.0, 9.59),
)
"""Bit error rate 1e-5, from theory: ½ erfc √(Eb/N0)."""

FSK = (_by_bit("2-FSK, non-coherent", 1.0, 13.35),)
"""Bit error rate 1e-5, from theory: ½ exp(−Eb/2N0). What simple UHF radios come near."""

TABLES = MappingProxyType({"dvb-s2": DVB_S2, "ccsds": CCSDS, "uncoded": UNCODED, "fsk": FSK})
"""By the name that a link gives."""
