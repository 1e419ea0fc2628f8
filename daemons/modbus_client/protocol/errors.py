"""What the pure part can refuse.

ModbusError
 +-- SpecError      a device spec that nobody could open (a user's or a saved text)
 +-- ValueRefused   a value that a register cannot take; the text says which limit it broke
 +-- RuleError      a definition that contradicts itself (the loader turns it into file:line)
 +-- NoAnswer       a device fell silent in the middle of a conversation
 +-- Unusable       a device answers, and cannot be used as it is; the text says what to do
"""

from __future__ import annotations


class ModbusError(Exception):
    """Base of everything that this package's pure part raises."""


class SpecError(ModbusError, ValueError):
    """A device spec is malformed; the message names the field and the form that is expected."""


class ValueRefused(ModbusError, ValueError):  # noqa: N818 - reads as what happened, like daemonkit's Refused
    """A value cannot be written to a register; the message names the limit."""


class RuleError(ModbusError, ValueError):
    """A register, condition or operation is not well-formed; the message is a rule, without the place."""


class NoAnswer(ModbusError):  # noqa: N818 - reads as what happened
    """A device did not answer a request that a conversation cannot do without."""


class Unusable(ModbusError):  # noqa: N818 - reads as what happened
    """A device refuses what its family cannot work without; the message says what its owner can do.

    It is looked at again soon, or after `retry_s` at the earliest where looking means writing.
    """

    def __init__(self, text: str, *, retry_s: float = 0.0) -> None:
        super().__init__(text)
        self.retry_s = retry_s
