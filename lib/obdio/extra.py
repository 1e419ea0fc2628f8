"""Commands beyond python-OBD's table, and those a user defines: plain data and a small arithmetic.

Sources of the requests and scalings: SAE J1979 / ISO 15031-5 as summarised in the public OBD-II PID tables.
"""

from __future__ import annotations

from dataclasses import dataclass

from obdio.formula import Formula


@dataclass(frozen=True, slots=True)
class CommandSpec:
    """A command as data. request: hex of mode and PID; formula over the answer's bytes A, B, C ...; unit: pint's name.

    count is the number of value bytes that the vehicle sends; 0 when it varies.
    """

    name: str
    desc: str
    request: str
    count: int
    formula: Formula | None
    unit: str
    header: str = "7E0"

    @property
    def mode(self) -> int:
        """The OBD service, such as 1 or 0x22."""
        return int(self.request[:2], 16)


def _spec(  # noqa: PLR0917 - one row of a table
    name: str, desc: str, request: str, count: int, formula: str, unit: str
) -> CommandSpec:
    return CommandSpec(name, desc, request, count, Formula(formula) if formula else None, unit)


EXTRA_COMMANDS: tuple[CommandSpec, ...] = (
    _spec("PIDS_D", "Supported PIDs [61-80]", "0160", 4, "", ""),
    _spec("PIDS_E", "Supported PIDs [81-A0]", "0180", 4, "", ""),
    _spec("PIDS_F", "Supported PIDs [A1-C0]", "01A0", 4, "", ""),
    _spec("ENGINE_TORQUE_DEMANDED", "Driver's demand engine torque", "0161", 1, "A - 125", "percent"),
    _spec("ENGINE_TORQUE_ACTUAL", "Actual engine torque", "0162", 1, "A - 125", "percent"),
    _spec("ENGINE_TORQUE_REFERENCE", "Engine reference torque", "0163", 2, "A * 256 + B", "newton * meter"),
    _spec("ENGINE_FUEL_RATE", "Engine fuel rate", "019D", 4, "(A * 256 + B) / 50", "gps"),
    _spec("ODOMETER", "Odometer", "01A6", 4, "(A * 16777216 + B * 65536 + C * 256 + D) / 10", "kilometer"),
    _spec("GET_PERMANENT_DTC", "Permanent DTCs", "0A", 0, "", ""),
)
"""PIDS_* are bit maps and GET_PERMANENT_DTC a list of codes: their decoding is python-OBD's."""
