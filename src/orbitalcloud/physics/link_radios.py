"""Radios of each band's class, from a satellite down to a station."""

from __future__ import annotations

from types import MappingProxyType

from orbitalcloud.physics.link import RadioLink, dish_gain_dbi

RADIOS = MappingProxyType(
    {
        link.name: link
        for link in (
            RadioLink(
                name="uhf-cubesat",
                band="uhf",
                frequency_hz=437.5e6,
                transmit_w=1.0,
                transmit_gain_dbi=0.0,
                receive_gain_dbi=15.0,
                system_temperature_k=500.0,
                symbol_rates_baud=(1200.0, 2400.0, 4800.0, 9600.0),
                coding="fsk",
                transmit_loss_db=1.0,
                polarisation_loss_db=3.0,
                implementation_loss_db=2.0,
                source="1 W: PolyITAN-2-SAU; 9.6 kbit/s: SNIPE (J. Space Technol. Appl. 2(2)); rest assumed",
            ),
            RadioLink(
                name="s-band-cubesat",
                band="s",
                frequency_hz=2.245e9,
                transmit_w=1.0,
                transmit_gain_dbi=6.0,
                receive_gain_dbi=dish_gain_dbi(3.7, 2.245e9, 0.55),
                system_temperature_k=150.0,
                symbol_rates_baud=(62_500.0, 125_000.0, 250_000.0, 500_000.0, 1_000_000.0),
                coding="ccsds",
                transmit_loss_db=1.0,
                pointing_loss_db=1.0,
                polarisation_loss_db=0.5,
                implementation_loss_db=1.5,
                source="1–2 W, 1 Mbit/s: SNIPE (J. Space Technol. Appl. 2(2), table 1); 3.7 m, 150 K: assumptions",
            ),
            RadioLink(
                name="x-band-cubesat",
                band="x",
                frequency_hz=8.2e9,
                transmit_w=1.0,
                transmit_gain_dbi=11.0,
                receive_gain_dbi=dish_gain_dbi(5.0, 8.2e9, 0.6),
                system_temperature_k=120.0,
                symbol_rates_baud=(5e6, 12.5e6, 25e6),
                coding="dvb-s2",
                transmit_loss_db=1.0,
                pointing_loss_db=1.0,
                polarisation_loss_db=0.5,
                implementation_loss_db=1.5,
                source="1 W: NASA GSFC and CU/LASP radio (AIAA/USU 2015); patches, 5 m, 120 K, 25 Mbaud: assumptions",
            ),
            RadioLink(
                name="ka-band-smallsat",
                band="ka",
                frequency_hz=26.25e9,
                transmit_w=2.0,
                transmit_gain_dbi=dish_gain_dbi(0.3, 26.25e9, 0.5),
                receive_gain_dbi=dish_gain_dbi(5.0, 26.25e9, 0.55),
                system_temperature_k=250.0,
                symbol_rates_baud=(50e6, 200e6, 500e6),
                coding="dvb-s2",
                transmit_loss_db=1.5,
                pointing_loss_db=1.5,
                polarisation_loss_db=0.5,
                implementation_loss_db=2.0,
                source="25.5–27 GHz: ITU Radio Regulations; 2 W, 0.3 m, 5 m dish at 250 K: assumptions of this class",
            ),
        )
    }
)
"""Budgets of each band's class; sources say what was published and what is assumed. Replace them with your radio's."""
