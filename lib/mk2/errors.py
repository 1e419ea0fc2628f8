"""What can go wrong on an MK2 or MK3, as exceptions that a caller can act on.

    Mk2Error
    +-- LinkLost          the tty is gone or closed: open it again
    +-- PortBusy          another program holds the tty
    +-- NoReply           the device did not answer in time
    +-- Refused           the device answered: no
    |   +-- Unsupported   it does not know the command, variable or setting
    |   +-- AccessDenied  the setting is protected (grid code)
    +-- Unsafe            our own guard said no; nothing was sent

Nonsense from the wire never becomes an exception: it is counted and dropped.
"""

from __future__ import annotations


class Mk2Error(Exception):
    """Base of everything this package raises on purpose."""


class LinkLost(Mk2Error):  # noqa: N818  # names the event
    """The serial line ended: unplugged, closed, or reset by the kernel."""


class PortBusy(Mk2Error):  # noqa: N818  # names the state
    """Another process has the tty. Two programs on one MK3 corrupt each other, so neither is allowed in."""


class NoReply(Mk2Error):  # noqa: N818  # names the event
    """No answer within the time limit; says nothing about whether the command was carried out."""


class Refused(Mk2Error):  # noqa: N818  # names the answer
    """The device answered, and the answer is no."""


class Unsupported(Refused):
    """The device does not know what was asked for. One such answer is no proof: ask again later."""


class AccessDenied(Refused):
    """The setting exists but is locked by its access level."""


class Unsafe(Mk2Error):  # noqa: N818  # names the judgement
    """Refused here, before anything went over the wire; the text says why and what would allow it."""
