from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from obdio.policy import Policy

if TYPE_CHECKING:
    import pytest


def test_the_library_is_as_open_as_documented_but_for_clearing() -> None:
    policy = Policy()
    assert policy.refuses("a", {}, None) is None
    assert policy.allows("a")
    assert policy.may_write("a")
    assert policy.sees_private("a")
    assert not policy.may_clear("a")


def test_clearing_needs_the_switch_and_write_rights() -> None:
    class ReadOnly(Policy):
        def may_write(self, sid: str) -> bool:
            return sid == "owner"

    policy = ReadOnly(allow_clear_dtc=True)
    assert (policy.may_clear("owner"), policy.may_clear("guest")) == (True, False)


def test_what_is_done_is_at_least_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        Policy().audit("a", "clearing trouble codes", {"GET_DTC": []})
    assert "clearing trouble codes by client a" in caplog.text
