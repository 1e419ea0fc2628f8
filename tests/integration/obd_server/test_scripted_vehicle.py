"""A vehicle whose every value the test decides: what the emulator does not have, and codes that are really erased."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from simulators.obd.engine import Engine, frames
from simulators.obd.terminal import ScriptedTerminal
from tests.integration.obd_server.browser import Chromium, Page
from tests.integration.obd_server.station import Reader, Station
from tests.integration.obdio.program import connected
from tests.integration.obdio.test_javascript import fetch_client

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.peer, pytest.mark.unguarded]

AIR, COOLANT, RPM, SPEED, HYBRID, ODOMETER = 0x46, 0x05, 0x0C, 0x0D, 0x5B, 0xA6
VIN = "WP0ZZZ99ZTS392120"
RIGHTS = "rights: {write: true, clear_dtc: true}\nlisten: {host: 0.0.0.0}"


@contextmanager
def parked(directory: Path, config: str = "", **values: str) -> Iterator[tuple[Station, Engine, ScriptedTerminal]]:
    """Run the daemon beside a vehicle with ignition on and engine off; values: more answers by request."""
    engine = Engine(other=dict(values))
    engine.values |= {0x61: b"\x80", 0x81: b"\0"}  # with them the maps of PIDs lead on to the odometer's
    engine.values |= {
        RPM: b"\0\0",
        SPEED: b"\0",
        AIR: bytes([22 + 40]),
        HYBRID: b"\xcc",
        ODOMETER: (1234567).to_bytes(4, "big"),
    }

    def answer(request: str) -> str:
        return engine.answer(request)  # looked up at each request: a test may replace it

    with (
        ScriptedTerminal(answer) as terminal,
        Station(directory, config=config, adapter=terminal.port) as station,
    ):
        station.daemon.wait_output("vehicle link: car")
        yield station, engine, terminal


@pytest.mark.slow
async def test_outside_air_and_an_electric_vehicle(tmp_path: Path) -> None:
    config = (
        "services: {ev: true}\nbattery_guard: {sleep_after: 3600}\n"
        "rates: {ODOMETER: 1, AMBIANT_AIR_TEMP: 1, HYBRID_BATTERY_REMAINING: 1}"
    )
    began = int(time.time())
    identity = {"0900": frames(b"\x49\x00\x40\0\0\0"), "0902": frames(b"\x49\x02\x01" + VIN.encode())}
    with parked(tmp_path, config, **identity) as (station, engine, _):
        async with Reader(station.bus.address) as reader:
            air = await reader.until("temperature.obd_ambient", lambda items: items["/Temperature"] is not None)
            assert (air["/Temperature"], air["/TemperatureType"], air["/Status"]) == (22.0, 4, 0)
            ev = await reader.until("ev.obd_ev", lambda items: None not in (items["/Odometer"], items["/VIN"]))
            assert (ev["/VIN"], ev["/Odometer"], ev["/Soc"]) == (VIN, pytest.approx(123456.7), pytest.approx(80.0))
            assert began <= ev["/LastUpdated/EvContact"] <= time.time() + 1
            assert (ev["/Alarms/StarterBatteryLow"], ev["/RangeToGo"]) == (0, None)
            engine.voltage = "11.4V"
            low = await reader.until("ev.obd_ev", lambda items: items["/Alarms/StarterBatteryLow"] == 2)
            assert low["/Connected"] == 0
            late = await reader.until("ev.obd_ev", lambda items: items["/Soc"] is None)
            assert late["/LastUpdated/EvContact"] >= ev["/LastUpdated/EvContact"]  # it tells how old the rest was
            await reader.until("temperature.obd_ambient", lambda items: items["/Temperature"] is None)


def _erase(engine: Engine) -> None:
    """Let the vehicle lose its codes when it is asked to."""
    answer = engine.answer

    def erasing(request: str) -> str:
        if request == "04":
            engine.other |= {"03": frames(b"\x43\x00"), "04": "7E80144"}
        return answer(request)

    engine.answer = erasing  # type: ignore[method-assign]


CODES = {"03": frames(b"\x43\x01\x01\x04"), "07": frames(b"\x47\x00")}


@contextmanager
def faulty(directory: Path, config: str = RIGHTS) -> Iterator[tuple[Station, Engine, list[str]]]:
    """Run the daemon beside a vehicle with one stored code."""
    with parked(directory, config, **CODES) as (station, engine, terminal):
        yield station, engine, terminal.requests


async def test_codes_are_erased_once_when_everything_is_right_and_recorded_first(tmp_path: Path) -> None:
    with faulty(tmp_path) as (station, engine, requests):
        async with connected(station.url) as guest, connected(station.url, auth={"token": station.token}) as owner:
            refusals: list[tuple[Any, Any]] = [
                (guest, {"confirm": 1}), (owner, {}), (owner, {"confirm": 0}), (owner, {"confirm": True}), (owner, 1)
            ]  # fmt: skip
            for client, argument in refusals:
                assert (await client.ask("clear_dtc", argument))["error"]["kind"] == "Refused"
            stored = engine.other.pop("03")
            assert "could not be read" in (await owner.ask("clear_dtc", {"confirm": 0}))["error"]["reason"]
            engine.other["03"] = stored
            engine.values[RPM] = b"\x0c\x80"
            assert "engine runs" in (await owner.ask("clear_dtc", {"confirm": 1}))["error"]["reason"]
            engine.refused.add("010C")
            assert "not known" in (await owner.ask("clear_dtc", {"confirm": 1}))["error"]["reason"]
            engine.refused.clear()
            engine.values[RPM] = b"\0\0"
            engine.values[SPEED] = b"\x32"  # as a hybrid does
            assert "vehicle moves" in (await owner.ask("clear_dtc", {"confirm": 1}))["error"]["reason"]
            engine.values[SPEED] = b"\0"
            assert "did not confirm" in (await owner.ask("clear_dtc", {"confirm": 1}))["error"]["reason"]
            assert requests.count("04") == 1  # asked only when all was right; this vehicle did not answer
            requests.clear()
            record = station.conf / "state/obd-server-audit.jsonl"
            written = record.read_text()
            record.unlink()
            record.mkdir()
            assert "record" in (await owner.ask("clear_dtc", {"confirm": 1}))["error"]["reason"]
            assert "04" not in requests  # what cannot be recorded is not done
            record.rmdir()
            record.write_text(written)
            _erase(engine)
            answer = await owner.ask("clear_dtc", {"confirm": 1})
            assert answer["cleared"] is True
            assert answer["saved"]["GET_DTC"]["value"][0][0] == "P0104"
            assert requests.count("04") == 1
            assert (await owner.ask("query", "GET_DTC"))["value"] == []  # and not what was known a second ago
    records = [json.loads(line) for line in record.read_text().splitlines()]
    assert records[-1]["details"]["GET_DTC"]["value"][0][0] == "P0104"


async def _read_codes_until(page: Page, text: str) -> None:
    """Press "Read again" until a text is there: one reading may meet another one that is still under way."""
    for _ in range(20):
        await page.run("document.getElementById('read-codes').click()")
        for _ in range(30):
            if await page.run(f"document.getElementById('codes').innerText.includes('{text}')"):
                return
            await asyncio.sleep(0.1)
    raise AssertionError(f"{text}: {await page.text()}")


@pytest.mark.slow
async def test_the_page_shows_codes_erases_them_and_begins_in_the_units_of_the_gx(tmp_path: Path) -> None:
    fetch_client()
    settings = '<Settings><Gps><SpeedUnit type="s" default="km/h">mph</SpeedUnit></Gps></Settings>'
    (tmp_path / "settings.xml").write_text(f'<?xml version="1.0" encoding="UTF-8"?>\n{settings}\n')
    with faulty(tmp_path) as (station, engine, _), Chromium() as chromium:
        async with Page(chromium, f"{station.url}/#token={station.token}") as page:
            await page.until("document.getElementById('codes').innerText.includes('P0104 (stored)')")
            stored = engine.other.pop("03")  # no answer is not the same as no codes
            await _read_codes_until(page, "Not read")
            engine.other["03"] = stored
            await _read_codes_until(page, "P0104 (stored)")
            assert await page.run("location.hash") == ""
            assert await page.run("document.getElementById('units').value") == "imperial"
            await page.until("document.querySelector('.tile[data-name=SPEED] .unit').textContent === 'mph'")
            turn = "document.querySelector('.tile[data-name=RPM] .turn').getAttribute('stroke-dasharray')"
            await page.until(f"{turn} === '0.0 100'")
            engine.values[RPM] = b"\x27\x10"  # 2500 rpm
            await page.until(f"{turn} === '50.0 100'")
            confirm = "document.getElementById('confirm').value = '{}'; document.querySelector('#clear button').click()"
            result = "document.getElementById('clear-result').textContent"
            await page.run(confirm.format(1))
            await page.until(f"{result}.includes('engine runs')")
            await page.shoot("phone-codes")
            engine.values[RPM] = b"\0\0"
            _erase(engine)
            await page.run(confirm.format(1))
            await page.until(f"{result}.includes('Cleared')")
            await page.until("document.getElementById('codes').innerText.includes('No codes')")
            assert await page.run("document.getElementById('clear').hidden")
