"""Physical truths of simulated devices, under the D-Bus paths where a client is expected to show them."""

from __future__ import annotations

Truths = dict[str, float | str]


def meter_truths(phases: tuple[int, ...] = (1, 2, 3), *, power_w: float = 1234.0) -> Truths:
    """Return a grid connection: shares of the power on each phase, energy that agrees."""
    truths: Truths = {}
    shares = {1: 0.5, 2: 0.3, 3: 0.2}
    total = 0.0
    for phase in phases:
        share = shares[phase] if len(phases) > 1 else 1.0
        power = round(power_w * share, 1)
        total += power
        voltage = 229.0 + phase
        truths[f"/Ac/L{phase}/Voltage"] = voltage
        truths[f"/Ac/L{phase}/Current"] = round(abs(power) / voltage, 2)
        truths[f"/Ac/L{phase}/Power"] = power
        truths[f"/Ac/L{phase}/PowerFactor"] = 0.95
        truths[f"/Ac/L{phase}/Energy/Forward"] = 100.0 * phase + 0.5
        truths[f"/Ac/L{phase}/Energy/Reverse"] = 10.0 * phase + 0.5
    forward = [truths[f"/Ac/L{phase}/Energy/Forward"] for phase in phases]
    reverse = [truths[f"/Ac/L{phase}/Energy/Reverse"] for phase in phases]
    truths["/Ac/Power"] = round(total, 1)
    truths["/Ac/Frequency"] = 50.1
    truths["/Ac/PowerFactor"] = 0.95
    truths["/Ac/Energy/Forward"] = sum(float(value) for value in forward)
    truths["/Ac/Energy/Reverse"] = sum(float(value) for value in reverse)
    return truths


def genset_truths() -> Truths:
    """Return a running three-phase genset; powers in whole kW, because some controllers count so."""
    return {
        "/Ac/Power": 12000.0,
        "/Ac/L1/Power": 5000.0,
        "/Ac/L2/Power": 4000.0,
        "/Ac/L3/Power": 3000.0,
        "/Ac/L1/Voltage": 230.0,
        "/Ac/L2/Voltage": 231.0,
        "/Ac/L3/Voltage": 232.0,
        "/Ac/L1/Current": 22.0,
        "/Ac/L2/Current": 17.0,
        "/Ac/L3/Current": 13.0,
        "/Ac/Frequency": 50.2,
        "/Ac/Energy/Forward": 4321.0,
        "/Engine/Speed": 1500.0,
        "/Engine/CoolantTemperature": 81.0,
        "/Engine/OilPressure": 420.0,
        "/Engine/OilTemperature": 95.0,
        "/Engine/Load": 65.0,
        "/Engine/OperatingHours": 3600.0 * 77,
        "/Engine/Starts": 123.0,
        "/StarterVoltage": 13.2,
        "level": 55.0,
    }


def inverter_truths() -> Truths:
    """Return a PV inverter in the sun."""
    return {
        "/Ac/Power": 2345.6,
        "/Ac/Current": 10.1,
        "/Ac/Voltage": 232.3,
        "/Ac/Energy/Forward": 9876.5,
        "/Internal/InverterTemp": 41.2,
        "/Internal/IPMTemp": 42.3,
        "/Internal/BoostTemp": 43.4,
        "/Internal/Pv/0/V": 310.1,
        "/Internal/Pv/0/I": 4.2,
        "/Internal/Pv/0/P": 1302.4,
        "/Internal/Pv/1/V": 290.2,
        "/Internal/Pv/1/I": 3.7,
        "/Internal/Pv/1/P": 1073.7,
    }


def charger_truths() -> Truths:
    """Return an EV charging station that charges on one phase."""
    return {
        "/Ac/Power": 3680.0,
        "/Ac/L1/Power": 3680.0,
        "/Ac/L2/Power": 0.0,
        "/Ac/L3/Power": 0.0,
        "/Ac/Energy/Forward": 321.5,
    }


def single_truths() -> Truths:
    """Return a grid connection with one phase."""
    return meter_truths((1,))


KINDS = {
    "meter": meter_truths,
    "single": single_truths,
    "genset": genset_truths,
    "inverter": inverter_truths,
    "charger": charger_truths,
}
"""By the word that a model's file uses."""
