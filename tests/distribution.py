"""How pytest-xdist hands the tests to its workers, so that none waits long for another at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

if TYPE_CHECKING:
    import pytest
    from xdist.remote import Producer  # type: ignore[import-untyped]
    from xdist.workermanage import WorkerController  # type: ignore[import-untyped]

# Files whose tests share what is expensive to start (a vehicle, a browser, a fake GX). Unit tests are quick: a file of
# them is one piece of work, which saves a message for each of thousands.
KEPT_TOGETHER = (
    "tests/contract/",
    "tests/integration/install/test_rc_local.py",
    "tests/integration/modbus_client/test_foreign_servers.py",
    "tests/integration/obd_server/test_page.py",
    "tests/integration/obd_server/test_security.py",
    "tests/integration/obdio/test_events.py",
    "tests/test_",
    "tests/unit/",
)
# Files that share it even with each other: one installed GX.
ONE_PIECE = "tests/integration/install/test_on_gx_"


class Distribution(LoadScopeScheduling):  # type: ignore[misc] # its package has no types
    """One test of tests/integration at a time, whole files of those above; in the order of collection."""

    def __init__(self, config: pytest.Config, log: Producer | None = None) -> None:
        config.option.loadscopereorder = False  # which would begin with the files of most tests
        super().__init__(config, log)

    def remove_node(self, node: WorkerController) -> str | None:
        """Give what a worker has left to the others; returns the test that ended it, which is not tried again.

        LoadScopeScheduling also hands on what is done, and then waits for ever for a worker that got nothing else.
        """
        workload = self.assigned_work.pop(node)
        left: dict[str, dict[str, bool]] = {
            scope: {test: False for test, done in unit.items() if not done} for scope, unit in workload.items()
        }
        crashed = next((test for unit in left.values() for test in unit), None)
        if crashed is None:
            return None
        for scope, unit in left.items():
            unit.pop(crashed, None)
            if unit:
                self.workqueue[scope] = unit
        for other in self.assigned_work:
            self._reschedule(other)
        return crashed

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith(ONE_PIECE):
            return ONE_PIECE
        return nodeid.partition("::")[0] if nodeid.startswith(KEPT_TOGETHER) else nodeid


def slow_first(items: list[pytest.Item]) -> None:
    """Begin with what is marked as slow, so that the run does not end with one long test alone."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
