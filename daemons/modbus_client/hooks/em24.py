"""Carlo Gavazzi EM24: it reports exported power as negative only in application H, so that is what it is put into.

Ethernet models keep the application in 0xA000 and the position of the front selector in 0xA100; the RTU models use
other addresses, which their definition gives as facts. The selector's position 3 locks the settings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modbus_client.protocol.errors import Unusable
from modbus_client.protocol.identify import LOOK_ONLY
from modbus_client.protocol.request import Write
from modbus_client.protocol.steps import ask, read

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modbus_client.protocol.condition import Facts
    from modbus_client.protocol.register import Register
    from modbus_client.protocol.steps import Steps

APPLICATION_H = (7,)
LOCKED = (3,)
REFUSED_RETRY_S = 3600.0
_NEEDED = "the EM24 refuses application H, without which exported power counts as imported"


class Em24Hook:
    """Ensures the application; a definition without the fact `application_at` needs none."""

    def identify(self, words: Sequence[int]) -> str | None:
        """Not used: the model register is a plain number."""
        del words
        return None

    def prepare(self, facts: Facts, options: Mapping[str, Any]) -> Steps[list[Register]]:
        """Write application H if the meter has another one, and make sure that it took it.

        The meter keeps it in memory that wears: one that is locked is not written to, one that does not take it rarely.
        """
        at = facts.get("application_at")
        if at is None or options.get(LOOK_ONLY) or (yield from read("holding", at, 1)) == APPLICATION_H:
            return []
        if (yield from read("holding", facts["selector_at"], 1)) == LOCKED:
            raise Unusable(f"{_NEEDED}; its front selector is locked: turn it")
        yield from ask(Write(at, APPLICATION_H))
        if (yield from read("holding", at, 1)) == APPLICATION_H:
            return []
        raise Unusable(f"{_NEEDED}; set it on the meter. It is tried again in an hour", retry_s=REFUSED_RETRY_S)
