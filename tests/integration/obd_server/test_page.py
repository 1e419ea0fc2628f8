"""The dashboard page in a real Chromium, with live values moving. Screenshots: artifacts/obd-server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.obd_server.browser import Chromium, Page
from tests.integration.obd_server.station import Station, network_address
from tests.integration.obdio.test_javascript import fetch_client

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.peer, pytest.mark.unguarded]

NUMBER = "document.querySelector('.tile[data-name={}] .number').textContent"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    with Chromium() as program:
        yield program


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    fetch_client()
    with Station(tmp_path) as found:
        yield found


@pytest.fixture(scope="module")
def shared_station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Station]:
    """Keep one for the tests that only look."""
    fetch_client()
    with Station(tmp_path_factory.mktemp("station")) as found:
        yield found


@pytest.mark.slow
async def test_values_move_and_go_grey_and_come_back(station: Station, chromium: Chromium) -> None:
    async with Page(chromium, station.url) as page:
        await page.until("document.querySelectorAll('.tile:not(.stale)').length >= 6")
        first = await page.run(NUMBER.format("RPM"))
        await page.until(f"{NUMBER.format('RPM')} !== '{first}'")
        assert await page.run("document.querySelector('h1').textContent") in ("Engine running", "Connected")
        await page.until("document.querySelector('.tile[data-name=RPM] polyline').getAttribute('points').length > 20")
        await page.until("document.getElementById('codes').innerText.includes('No codes')")
        await page.until("document.getElementById('trip').innerText.includes('Fuel left: 40 L')")
        await page.shoot("phone-live")

        station.vehicle.change("engineoff")
        await page.until("document.querySelector('h1').textContent === 'Ignition off'")
        await page.until("document.querySelectorAll('.tile:not(.stale)').length === 0")
        assert "old" in await page.run("document.querySelector('.tile[data-name=RPM] .note').textContent")
        await page.shoot("phone-ignition-off")
        station.vehicle.change("car")
        await page.until("document.querySelectorAll('.tile:not(.stale)').length >= 6")

        station.vehicle.stop()
        await page.until("document.querySelector('h1').textContent.startsWith('Adapter not found on /')")
        station.vehicle.start()
        await page.until("document.querySelectorAll('.tile:not(.stale)').length >= 6")

        station.daemon.stop()
        await page.until("!document.getElementById('banner').hidden")
        assert "reconnecting" in await page.run("document.getElementById('banner').textContent")
        await page.shoot("phone-reconnecting")
        station.daemon.start()
        await page.until("document.getElementById('banner').hidden")
        await page.until("document.querySelectorAll('.tile:not(.stale)').length >= 6")
        errors = [line for line in page.console if "exceptionThrown" in line or "Content Security" in line]
        assert errors == []


async def test_units_search_and_watching_from_the_list(shared_station: Station, chromium: Chromium) -> None:
    async with Page(chromium, shared_station.url, width=1024, height=900) as page:
        await page.until("document.querySelectorAll('.tile:not(.stale)').length >= 6")
        unit = "document.querySelector('.tile[data-name=SPEED] .unit').textContent"
        assert await page.run(unit) == "km/h"
        choose = "const u = document.getElementById('units'); u.value = '{}'; u.dispatchEvent(new Event('change'))"
        await page.run(f"{{ {choose.format('imperial')} }}")
        await page.until(f"{unit} === 'mph'")
        await page.run(f"{{ {choose.format('metric')} }}")
        box = "document.getElementById('search')"
        await page.run(f"{box}.value = 'catalyst 1'; {box}.dispatchEvent(new Event('input'))")
        shown = await page.run("[...document.querySelectorAll('#commands li')].filter(r => !r.hidden).length")
        assert 1 <= shown <= 4
        await page.run("document.getElementById('watch-CATALYST_TEMP_B1S1').click()")
        await page.until("document.querySelector('output[data-name=CATALYST_TEMP_B1S1]').textContent.includes('°C')")
        await page.shoot("desktop-list")


async def test_it_fits_320_pixels_and_is_used_with_keys_and_by_screen_readers(
    shared_station: Station, chromium: Chromium
) -> None:
    async with Page(chromium, shared_station.url, width=320, height=640) as page:
        await page.until("document.querySelectorAll('.tile').length >= 6")
        assert await page.run("document.documentElement.scrollWidth <= 320")
        await page.press("Tab")
        assert await page.run("document.activeElement.className") == "skip"
        focused = set()
        for _ in range(6):
            await page.press("Tab")
            focused.add(await page.run("document.activeElement.id"))
        assert {"units", "search"} & focused
        unnamed = await page.run(
            "[...document.querySelectorAll('input, select')].filter(e => !e.labels.length).map(e => e.id)"
        )
        assert unnamed == []
        assert await page.run("document.querySelector('h1').getAttribute('role')") == "status"
        assert await page.run("document.documentElement.lang") == "en"
        await page.shoot("phone-320")


async def test_nothing_is_loaded_from_elsewhere(shared_station: Station, chromium: Chromium) -> None:
    async with Page(chromium, shared_station.url) as page:
        await page.until("document.querySelectorAll('.tile:not(.stale)').length >= 6")
        hosts = await page.run(
            "[...new Set(performance.getEntriesByType('resource').map(entry => new URL(entry.name).host))]"
        )
    assert hosts == [shared_station.url.removeprefix("http://")]


async def test_the_network_logs_in_with_the_token_and_keeps_it(tmp_path: Path, chromium: Chromium) -> None:
    fetch_client()
    with Station(tmp_path, config="listen: {host: 0.0.0.0}") as station:
        url = f"http://{network_address()}:{station.web_port}/"
        async with Page(chromium, url) as page:
            await page.until("!document.getElementById('login').hidden")
            assert await page.run("document.getElementById('main').hidden")
            await page.shoot("phone-login")
            enter = "document.getElementById('token').value = '{}'; document.querySelector('#login button').click()"
            await page.run(enter.format("wrong-wrong-wrong-wrong"))
            await page.until("document.getElementById('state').textContent.includes('not right')")
            await page.run("new Promise((done) => setTimeout(done, 1500))")  # it is drawn anew meanwhile
            assert "not right" in await page.run("document.getElementById('state').textContent")
            await page.run(enter.format(station.token))
            await page.until("document.querySelectorAll('.tile:not(.stale)').length >= 6")
        async with Page(chromium, url) as page:
            await page.until("document.querySelectorAll('.tile:not(.stale)').length >= 6")
            assert await page.run("document.getElementById('login').hidden")
            assert await page.run("document.getElementById('clear').hidden")
