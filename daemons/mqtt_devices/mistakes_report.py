"""What is left out because its definition has mistakes: named in the log, and for `venus-daemons status`."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from daemonkit.errors import DefinitionError
    from daemonkit.status import StatusFile
    from mqtt_devices.errors import Mistakes

_log = logging.getLogger(__name__)


class MistakesReport:
    """Says each mistake once.

    Args:
        file: where all of them stand, until the daemon is started again.
    """

    def __init__(self, file: StatusFile) -> None:
        self._file = file
        self._lines: list[str] = []
        file.update(definition_mistakes=[])

    def leave_out(self, mistakes: Iterable[DefinitionError]) -> None:
        """Files of the user are left out."""
        for mistake in mistakes:
            self._tell("file", mistake)

    def leave_type_out(self, mistakes: Mistakes) -> None:
        """A built-in service type is left out."""
        self._tell("service type", mistakes)

    def _tell(self, what: str, mistake: DefinitionError) -> None:
        lines = [line for line in str(mistake).splitlines() if line not in self._lines]
        for line in lines:
            _log.error("%s left out: %s", what, line)
        self._lines += lines
        self._file.update(definition_mistakes=self._lines)
