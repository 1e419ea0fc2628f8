from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.service.suites import make_suite

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """Return the directory of an installed suite."""
    return make_suite(tmp_path / "suite")
