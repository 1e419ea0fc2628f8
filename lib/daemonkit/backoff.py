"""How long to wait before trying again: pure arithmetic, no clock."""


class Backoff:
    """Delays that grow by `factor` from `first_s` up to `limit_s`, until `reset()`."""

    def __init__(self, first_s: float = 1.0, factor: float = 2.0, limit_s: float = 60.0) -> None:
        if not (0 < first_s <= limit_s and factor >= 1):
            raise ValueError(f"needs 0 < first_s <= limit_s and factor >= 1, not {first_s}, {limit_s}, {factor}")
        self.first_s = first_s
        self.factor = factor
        self.limit_s = limit_s
        self._next_s = first_s

    def next_delay(self) -> float:
        """Return the seconds to wait now; the following call returns more, up to the limit."""
        delay_s = self._next_s
        self._next_s = min(delay_s * self.factor, self.limit_s)
        return delay_s

    def reset(self) -> None:
        """Begin with the first delay again: call it when things have worked for a while."""
        self._next_s = self.first_s
