"""The states of a VE.Bus device as Venus programs know them. Pure."""

from __future__ import annotations

from dataclasses import dataclass

CHARGING = 9
MAINS_CONNECTED = frozenset({7, 8, CHARGING})
RUNNING = frozenset({4, 5, 6, 7, 8, CHARGING})

_BY_MAIN_STATE = {0: 0, 2: 0, 4: 9, 5: 9, 6: 1, 7: 10, 8: 8}
_BY_CHARGE_STATE = {0: 3, 1: 3, 2: 4, 3: 5, 4: 6, 5: 4, 6: 4, 7: 7, 8: 2}
_HIGHEST_MAIN_STATE = 9


def venus_state(main: int, charge: int) -> int | None:
    """Return /State for a main and a charge state; None for a state that only passes (starting up, slave)."""
    return _BY_CHARGE_STATE.get(charge) if main == CHARGING else _BY_MAIN_STATE.get(main)


@dataclass(slots=True)
class ConfirmedState:
    """A state that counts only when it was read twice in a row: an 8 bit checksum lets a lie through now and then."""

    main: int | None = None
    charge: int | None = None
    state: int | None = None
    _candidate: tuple[int, int] | None = None

    def take(self, main: int, charge: int) -> None:
        """Take the next reading."""
        if main > _HIGHEST_MAIN_STATE:
            return
        if self._candidate == (main, charge):
            self.main, self.charge = main, charge
            # What only passes leaves /State as it was.
            self.state = self.state if (found := venus_state(main, charge)) is None else found
        self._candidate = (main, charge)

    def forget(self) -> None:
        """Know nothing any more."""
        self.main = self.charge = self.state = self._candidate = None
