"""How long a failing daemon holds back its next start: supervise alone would restart it every second, for ever."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

from daemonkit.atomicfile import replace_file

if TYPE_CHECKING:
    from pathlib import Path

# A Python start costs a CCGX seconds of its only CPU; a user who mends a configuration waits at most the last one.
DELAYS_S = (1.0, 2.0, 5.0, 10.0, 20.0, 60.0)

_log = logging.getLogger(__name__)


class RestartDelay:
    """Counts failed runs in a file on the RAM disk, which a reboot empties.

    A run counts as failed from its beginning until `succeeded()`: so an end that lets no code run (out of memory, the
    stall watchdog) counts too, and its delay is waited for at the next start.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def begin(self) -> float:
        """Count this run; return the seconds to wait first, because the previous one ended without waiting."""
        failures, is_waited = self._read()
        self._write(failures + 1, is_waited=False)
        return 0.0 if is_waited or failures == 0 else _delay(failures)

    def failed(self) -> float:
        """Return the seconds to wait before the process exits.

        When the file cannot be written, they are the longest: every run would count as the first one.
        """
        failures, _ = self._read()
        is_kept = self._write(max(1, failures), is_waited=True)
        return _delay(max(1, failures)) if is_kept else DELAYS_S[-1]

    def succeeded(self) -> None:
        """Forget all failures."""
        try:
            self._path.unlink(missing_ok=True)
        except OSError as error:
            _log.debug("%s cannot be removed: %s", self._path, error)

    def _read(self) -> tuple[int, bool]:
        try:
            record = json.loads(self._path.read_text())
            return int(record["failures"]), bool(record["waited"])
        except (OSError, ValueError, KeyError, TypeError):
            return 0, True

    def _write(self, failures: int, *, is_waited: bool) -> bool:
        record = {"failures": min(failures, len(DELAYS_S)), "waited": is_waited}
        try:
            replace_file(self._path, json.dumps(record).encode(), durable=False)
        except OSError as error:
            _log.debug("%s cannot be written: %s", self._path, error)
            return False
        return True


def _delay(failures: int) -> float:
    return DELAYS_S[min(failures, len(DELAYS_S)) - 1]
