from __future__ import annotations

import pytest

from obdio.table import Table, load


@pytest.fixture(scope="session")
def table() -> Table:
    return Table(load())
