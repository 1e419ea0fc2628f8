"""The command line without D-Bus, traces, and what is picked up live."""

from __future__ import annotations

import asyncio
import subprocess
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from modbus_client.loader.catalogue import BUILT_IN
from simulators.modbus.models import make_image
from simulators.modbus.replay import load_trace
from simulators.modbus.server import TcpMeter
from simulators.modbus.station import Station
from simulators.modbus.truths import meter_truths
from tests.integration.modbus_client.installation import Installation, client_environment
from tests.peers.missing_stdlib import gx_module_command

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.peer

EM24 = "com.victronenergy.grid.cg_BY1234500"
SETTINGS = "com.victronenergy.settings"


async def _client(directory: Path, *arguments: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *gx_module_command("modbus_client", *arguments),
        env=client_environment(directory),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return process.returncode or 0, output.decode()


async def test_probe_prints_decoded_values_without_a_bus(tmp_path: Path) -> None:
    station = Station(make_image("em24"))
    async with TcpMeter({1: station}) as meter:
        code, output = await _client(tmp_path, "--probe", f"tcp:127.0.0.1:{meter.port}:0")
        assert code == 0, output
        assert "Carlo Gavazzi EM24DINAV23XE1X" in output
        assert "/Ac/Power                        1234.0 W" in output
        assert EM24 in output
        station.image.put("h", 0x000B, "u16", 9999)
        code, output = await _client(tmp_path, "-P", f"tcp:127.0.0.1:{meter.port}:1")
        assert code == 1
        assert "no device of a known family answers" in output


async def test_probe_writes_nothing(tmp_path: Path) -> None:
    image = make_image("em24")
    image.put("h", 0xA000, "u16", 0)  # a daemon that serves it would put it into application H
    written: list[int] = []
    image.on_write = lambda at, _: written.append(at)
    async with TcpMeter({1: Station(image)}) as meter:
        code, output = await _client(tmp_path, "--probe", f"tcp:127.0.0.1:{meter.port}:1")
    assert (code, written) == (0, []), output


async def test_models_and_check(tmp_path: Path) -> None:
    code, output = await _client(tmp_path, "--models")
    assert code == 0
    assert "Growatt MIN 4200-TL" in output
    assert "METSEIEM3" not in output
    code, output = await _client(tmp_path, "--check")
    assert (code, "17 families known" in output) == (0, True)
    bad = tmp_path / "mine.yml"
    bad.write_text("schema: 1\nvendor: {id: x}\n")
    code, output = await _client(tmp_path, "--check", str(bad))
    assert code == 2
    assert "mine.yml:1" in output


async def test_options_of_older_drivers_are_taken(tmp_path: Path) -> None:
    code, output = await _client(tmp_path, "--leak", "120", "-m", "ascii", "--models")
    assert code == 0, output
    code, output = await _client(tmp_path, "-F", "rtu:ttyUSB0:9600:999", "--models")
    assert code == 2
    assert "unit" in output


async def test_a_recorded_trace_plays_the_device(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    async with TcpMeter({1: Station(make_image("growatt"))}) as inverter:
        spec = f"tcp:127.0.0.1:{inverter.port}:1"
        async with Installation(tmp_path / "first", "-F", spec, "--record", str(trace)) as gx:
            gx.start()
            await gx.wait_value("com.victronenergy.pvinverter.pv_NAA1234567", "/Internal/Pv/1/V", 290.2)
    async with (
        TcpMeter(load_trace(trace)) as replayed,
        Installation(tmp_path / "second", "-F", f"tcp:127.0.0.1:{replayed.port}:1") as gx,
    ):
        gx.start()
        await gx.wait_value("com.victronenergy.pvinverter.pv_NAA1234567", "/Ac/Power", 2345.6)
        await gx.wait_value("com.victronenergy.pvinverter.pv_NAA1234567", "/Internal/Pv/1/V", 290.2)


async def test_rtu_frames_over_tcp(tmp_path: Path) -> None:
    stations = {1: Station(make_image("sdm630"))}
    async with (
        TcpMeter(stations, rtu=True) as gateway,
        Installation(tmp_path, "-F", f"rtutcp:127.0.0.1:{gateway.port}:1") as gx,
    ):
        gx.start()
        await gx.wait_value("com.victronenergy.grid.ea_7001234", "/Ac/Power", 1234.0)


async def test_an_idle_connection_is_closed_if_asked_to(tmp_path: Path) -> None:
    station = Station(make_image("em24"))
    async with TcpMeter({1: station}) as meter:
        config = f"""
close_when_idle: 0.5
devices: [{{spec: 'tcp:127.0.0.1:{meter.port}:1', fast_age: 1.5, age: 1.5}}]
"""
        async with Installation(tmp_path, config=config) as gx:
            gx.start()
            await gx.wait_value(EM24, "/Ac/Power", 1234.0)
            deadline = asyncio.get_running_loop().time() + 30
            while meter.connections < 3:
                assert asyncio.get_running_loop().time() < deadline
                await asyncio.sleep(0.1)
            assert await gx.get(EM24, "/Connected") == 1


async def test_a_users_definition_is_picked_up_live(tmp_path: Path) -> None:
    image = make_image("em24")
    image.put("h", 0x000B, "u16", 4711)
    async with (
        TcpMeter({1: Station(image)}) as meter,
        Installation(tmp_path, "-F", f"tcp:127.0.0.1:{meter.port}:1") as gx,
    ):
        gx.start()
        await gx.wait_log("is no device of any definition")
        directory = tmp_path / "conf/venus-daemons/modbus.d"
        directory.mkdir()
        (directory / "acme.yml").write_text("""
schema: 1
vendor: {id: acme, name: Acme}
type: Energy meter
product: {name: Acme 1}
role: {default: grid}
identity: {prefix: acme}
sources: [the manual]
probe:
  - {methods: [tcp], units: [1], register: {at: 0x0B, type: u16}, models: {4711: Acme 1}}
info:
  - {path: /Serial, at: 0x5000, type: "text[7]"}
data:
  - {path: /Ac/Power, at: 0x28, type: s32_lw, div: 10}
""")
        await gx.wait_value("com.victronenergy.grid.acme_BY1234500", "/Ac/Power", 1234.0)


async def test_a_definition_that_is_broken_for_a_while_takes_no_device_away(tmp_path: Path) -> None:
    image = make_image("em24")
    async with TcpMeter({1: Station(image)}) as meter:
        config = f"devices: [{{spec: 'tcp:127.0.0.1:{meter.port}:1', model: acme}}]"
        async with Installation(tmp_path, config=config) as gx:
            directory = tmp_path / "conf/venus-daemons/modbus.d"
            directory.mkdir()
            file, name = directory / "acme.yml", "com.victronenergy.grid.acme_BY1234500"
            text = (BUILT_IN / "carlo_gavazzi_em24_ethernet.yml").read_text().replace("prefix: cg", "prefix: acme")
            file.write_text(text)
            gx.start()
            await gx.wait_value(name, "/Ac/Power", 1234.0)
            file.write_text(f"{text}nonsense: 1\n")
            await gx.wait_log("left out")
            await gx.wait_value(name, "/Ac/Power", 1234.0)
            file.unlink()
            await gx.wait_log("there is no definition acme")
            await gx.wait_for(name, "/Ac/Power", lambda value: value is None)
            file.write_text(text)
            await gx.wait_value(name, "/Ac/Power", 1234.0)


async def test_energy_by_import_and_export_is_kept_over_a_restart(tmp_path: Path) -> None:
    truths = {**meter_truths(), "/Ac/L1/Power": 36000.0, "/Ac/L2/Power": -18000.0, "/Ac/L3/Power": 0.0}
    async with TcpMeter({1: Station(make_image("em24", truths))}) as meter:
        config = f"devices: [{{spec: 'tcp:127.0.0.1:{meter.port}:1', energy: import_export}}]"
        async with Installation(tmp_path, config=config) as gx:
            gx.start()
            forward = await gx.wait_for(EM24, "/Ac/Energy/Forward", lambda value: value is not None and value > 601.51)
            assert await gx.get(EM24, "/Ac/Energy/Reverse") == pytest.approx(61.5)
            assert gx.peer is not None
            await asyncio.to_thread(gx.peer.stop)
            gx.peer.start()
            again = await gx.wait_for(EM24, "/Ac/Energy/Forward", lambda value: value is not None)
            assert forward - 0.02 <= again < forward + 1.0


async def test_devices_of_the_old_fork_are_taken_over(tmp_path: Path) -> None:
    async with Installation(tmp_path, "-s", "ttyTEST9") as gx:
        add = (SETTINGS, "/", "com.victronenergy.Settings", "AddSettings", "aa{sv}")
        # sha256("ttyTEST9"), first ten digits
        path = f"/Settings/Client/{sha256(b'ttyTEST9').hexdigest()[:10]}/Devices"
        await gx.bus.call(*add, [[{"path": path, "default": "rtu:ttyTEST9:9600:1"}]])
        gx.start()
        own = "/Settings/ModbusClient/ttyTEST9/Devices"
        await gx.wait_for(SETTINGS, own, lambda value: value == "rtu:ttyTEST9:9600:1")
        await gx.wait_log("is not there; is the adapter plugged in?")


async def test_a_spec_without_unit_is_served_once_its_unit_is_found(tmp_path: Path) -> None:
    station = Station(make_image("smappee"))
    station.behaviour.is_asleep = True
    async with TcpMeter({61: station}) as box, Installation(tmp_path, "-F", f"tcp:127.0.0.1:{box.port}:0") as gx:
        gx.start()
        await asyncio.sleep(2.0)
        station.behaviour.is_asleep = False
        await gx.wait_value("com.victronenergy.grid.smappee_5400070196", "/Ac/L2/Power", 370.2)
        await gx.wait_log("is unit 61")


async def test_ports_of_the_board_are_refused(tmp_path: Path) -> None:
    async with Installation(tmp_path, "-F", "rtu:ttyS0:9600:1") as gx:
        gx.start()
        await gx.wait_log("is a port of the board")


async def test_command_line_scan_prints_what_it_finds(tmp_path: Path) -> None:
    code, output = await _client(tmp_path, "--scan", "127.0.0.8/30")
    assert code == 1
    assert "2 hosts asked, 0 devices found" in output
    code, output = await _client(tmp_path, "--scan", "everywhere")
    assert code == 2
