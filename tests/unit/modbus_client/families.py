"""Every family with a simulated device of it: where it is, and what a client should make of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from simulators.modbus.models import load_model, make_image
from simulators.modbus.truths import inverter_truths

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulators.modbus.image import Image
    from simulators.modbus.truths import Truths


@dataclass(frozen=True)
class Family:
    definition: str
    simulated: str  # the model of the simulator
    spec: str
    ident: str
    model: str
    role: str = "grid"
    firmware: Any = None
    unseen: set[str] = field(default_factory=set)  # truths that the device does not tell
    extra: dict[str, Any] = field(default_factory=dict)
    adjust: Callable[[Truths], Truths] = dict

    def truths(self) -> Truths:
        return self.adjust(load_model(self.simulated).truths())

    def image(self) -> Image:
        return make_image(self.simulated, self.truths())

    def __str__(self) -> str:
        return self.definition


def _whole_power(truths: Truths) -> Truths:
    return {path: round(value) if path.endswith("Power") else value for path, value in truths.items()}  # type: ignore[arg-type] # numbers


PHASE_PF = {f"/Ac/L{n}/PowerFactor" for n in (1, 2, 3)}
PHASE_REVERSE = {f"/Ac/L{n}/Energy/Reverse" for n in (1, 2, 3)}
PHASE_FORWARD = {f"/Ac/L{n}/Energy/Forward" for n in (1, 2, 3)}

FAMILIES = [
    Family("abb_b2x", "abb", "tcp:meter:502:1", "abb_123456", "B23", firmware="B1.2.3"),
    Family(
        "carlo_gavazzi_em24_ethernet", "em24", "tcp:meter:502:1", "cg_BY1234500",
        "EM24DINAV23XE1X", firmware="1.3.9", unseen=PHASE_PF | PHASE_REVERSE | {"/Ac/PowerFactor"},
        extra={"/PhaseConfig": 0, "/SwitchPos": 0, "/PhaseSequence": 0},
    ),
    Family("carlo_gavazzi_rtu", "et340", "rtu:ttyUSB0:9600:1", "cg_KZ98765",
           "ET330/ET340/EM330/EM340", firmware=12),
    Family("carlo_gavazzi_rtu", "et112", "rtu:ttyUSB0:9600:1", "cg_ET55555", "ET112/EM111/EM112",
           firmware=3, unseen={"/Ac/L1/PowerFactor", "/Ac/PowerFactor"}),
    Family("eastron_sdm", "sdm630", "rtu:ttyUSB0:9600:1", "ea_7001234", "SDM630", firmware=27,
           unseen={"/Ac/PowerFactor"}),
    Family("eastron_sdm230", "sdm230", "rtu:ttyUSB0:9600:2", "cg_2304567", "SDM230Modbusv2", firmware=11,
           extra={"/Ac/Energy/Consumption": 90.0}),
    Family("schneider_iem3x55", "iem3155", "rtu:ttyUSB0:19200:1",
           "schneider_rtu_ttyUSB0_19200_1", "METSEIEM3155", unseen=PHASE_PF | PHASE_REVERSE | {"/Ac/PowerFactor"}),
    Family("victron_vm3p", "vm3p", "udp:meter:502:1", "ve_HQ2345ABCDE", "VM-3P75CT", adjust=_whole_power,
           firmware=0x000109FF, extra={"/CustomName": "Shore power", "/Devices/0/CustomName": "Shore power",
                                       "/Capabilities/HasUdpSnapshots": 1}),
    Family("victron_p1link", "p1link", "udp:meter:502:1", "ve_HQ2399ZZZZZ", "P1Link rev A", adjust=_whole_power,
           firmware=0x000100FF,
           unseen=PHASE_PF | PHASE_REVERSE | PHASE_FORWARD | {"/Ac/PowerFactor", "/Ac/Frequency"}),
    Family("smappee_powerbox", "smappee", "tcp:meter:502:61", "smappee_5400070196",
           "MOD-VAC-1", firmware="1.46", unseen=PHASE_PF | {"/Ac/PowerFactor"},
           extra={"/CT/2/Phase": 2, "/CT/13/Phase": -1}),
    Family("comap_intelilite4", "comap", "tcp:genset:502:1", "comap_gen1", "InteliLite 4",
           role="genset", firmware="1.9.0",
           unseen={"/Engine/Load", "/Engine/Starts", "/Engine/OilTemperature", "level"},
           extra={"/StatusCode": 8, "/RemoteStartModeEnabled": 1, "/AutoStart": 1}),
    Family("cre_compact", "cre", "tcp:genset:502:1", "cre_1224_123", "Compact AMF",
           role="genset", firmware="2.40", unseen={"/Engine/OilTemperature", "level"},
           extra={"/StatusCode": 8, "/AutoStart": 1}),
    Family("datakom_d", "datakom", "tcp:genset:502:1", "datakom_2211443366558877AA99CCBB",
           "D-500", role="genset", firmware="6.1.2", unseen={"/Engine/Load", "level"}, extra={"/StatusCode": 8}),
    Family("deif_agc150", "deif", "tcp:genset:502:1", "deif_agc150gen", "AGC 150 GEN",
           role="genset", firmware=120, unseen={"/Engine/Load", "/Engine/OilTemperature", "level"},
           extra={"/StatusCode": 8, "/AutoStart": 1}),
    Family("dse_gencomm", "dse", "tcp:genset:502:1", "dse_99887766", "7320 MKII",
           role="genset", unseen={"level"}, extra={"/StatusCode": 8, "/AutoStart": 1}),
    Family("growatt_min", "growatt", "rtu:ttyUSB0:9600:1", "pv_NAA1234567",
           "Growatt MIN 4200-TL", role="pvinverter", firmware="AL1.0",
           extra={"/StatusCode": 7, "/Internal/exportLimitType": 1, "/Ac/L1/Power": 2345.6}),
    Family("victron_evcs", "evcs", "tcp:charger:502:1", "evc_HQ2211AAAAA", "AC22E",
           role="evcharger", firmware=0x000130FF,
           extra={"/Mode": 1, "/Status": 2, "/SetCurrent": 16.0, "/Current": 16.3, "/Session/Time": 3661,
                  "/CustomName": "Garage", "/MinCurrent": 6.0}),
    Family("sunspec", "sunspec_inverter", "tcp:inverter:502:126", "sunspec_SN0815",
           "SunSpec inverter", role="pvinverter", firmware="1.2.3",
           unseen={path for path in inverter_truths() if path.startswith("/Internal")} | {"/Ac/Voltage", "/Ac/Power"},
           extra={"/StatusCode": 11, "/Ac/L1/Voltage": 232.3, "/Ac/Power": 2350.0, "/Ac/L2/Power": 783.33}),
]  # fmt: skip
