from __future__ import annotations

import time
from types import SimpleNamespace

import pytest

from obdio.table import Table, load

RESET_S = 1.0
"""python-OBD sleeps so long for an adapter that resets; a scripted one is ready at once."""


@pytest.fixture(scope="session")
def table() -> Table:
    return Table(load())


@pytest.fixture(autouse=True)
def no_pause_for_a_reset(monkeypatch: pytest.MonkeyPatch) -> None:
    def sleep(seconds: float) -> None:
        time.sleep(0.01 if seconds == RESET_S else seconds)

    monkeypatch.setattr("obd.elm327.time", SimpleNamespace(sleep=sleep))
