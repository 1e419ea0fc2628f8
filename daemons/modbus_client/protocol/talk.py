"""A conversation under way: the generator, the request that waits for its outcome, and how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modbus_client.protocol.request import Outcome, Request
    from modbus_client.protocol.steps import Steps


class Talk:
    """Drives one generator. `request` is what to ask next, None once it has ended with `result`.

    What the generator raises comes out of the constructor or of `tell`.
    """

    def __init__(self, steps: Steps[Any], *, ticket: int | None = None, deadline: float = float("inf")) -> None:
        self.ticket = ticket
        self.deadline = deadline  # nobody waits for it after that
        self.result: Any = None
        self.request: Request | None = None
        self._steps = steps
        self._advance(None)

    def tell(self, outcome: Outcome) -> None:
        """Hand over the outcome of `request`."""
        self._advance(outcome)

    def _advance(self, outcome: Outcome | None) -> None:
        try:
            self.request = next(self._steps) if outcome is None else self._steps.send(outcome)
        except StopIteration as end:
            self.request, self.result = None, end.value
