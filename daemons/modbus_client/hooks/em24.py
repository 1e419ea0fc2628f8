"""Carlo Gavazzi EM24: it reports exported power as negative only in application H, so that is what it is put into.

Ethernet models keep the application in 0xA000 and the position of the front selector in 0xA100; the RTU models use
other addresses, which their definition gives as facts. The selector's position 3 locks the settings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modbus_client.protocol.errors import Unusable
from modbus_client.protocol.request import Write
from modbus_client.protocol.steps import ask, read

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modbus_client.protocol.condition import Facts
    from modbus_client.protocol.register import Register
    from modbus_client.protocol.steps import Steps

APPLICATION_H = (7,)
LOCKED = (3,)


class Em24Hook:
    """Ensures the application; a definition without the fact `application_at` needs none."""

    def identify(self, words: Sequence[int]) -> str | None:
        """Not used: the model register is a plain number."""
        del words
        return None

    def prepare(self, facts: Facts, options: Mapping[str, Any]) -> Steps[list[Register]]:
        """Write application H if the meter has another one, and make sure that it took it."""
        del options
        at = facts.get("application_at")
        if at is None or (yield from read("holding", at, 1)) == APPLICATION_H:
            return []
        yield from ask(Write(at, APPLICATION_H))
        if (yield from read("holding", at, 1)) == APPLICATION_H:
            return []
        selector = yield from read("holding", facts["selector_at"], 1)
        why = "its front selector is locked: turn it" if selector == LOCKED else "set it on the meter"
        raise Unusable(f"the EM24 refuses application H, without which exported power counts as imported; {why}")
