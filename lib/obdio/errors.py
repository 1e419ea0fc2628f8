"""What can go wrong between a client, the adapter and the vehicle."""

from __future__ import annotations


class ObdError(Exception):
    """Base of all errors of this package; str() says what, where and what to do next."""


class LinkLost(ObdError):  # noqa: N818 - it says what happened
    """The adapter went away, or did not keep a deadline."""


class NotConnected(ObdError):  # noqa: N818 - it says what happened
    """There is no vehicle to ask right now."""


class Refused(ObdError):  # noqa: N818 - it says what happened
    """The request is not allowed, or its condition is not met."""


class UnknownCommand(ObdError):  # noqa: N818 - it says what happened
    """No command has this name."""

    def __init__(self, name: object) -> None:
        super().__init__(f"no OBD command is called {name!r}: names are upper case, as in supported_commands")


class WrongArgument(ObdError):  # noqa: N818 - it says what happened
    """An event came with something it cannot use."""
