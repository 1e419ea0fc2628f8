"""What can go wrong, as a caller can act on it.

VelibError
├── BusLost             the connection ended, or could not be made; the owner decides what that means
├── PeerError           the other program did not do what it was asked to (aiovelib's DbusException)
│   ├── CallError       it answered with a D-Bus error
│   │   └── CallTimeout it did not answer in time
│   └── SettingError    localsettings refused a setting; one subclass per code
│       ├── SettingPathRefused     -2   ├── SettingDefaultRefused  -6
│       ├── SettingTypeUnknown     -3   ├── SettingOutOfRange      -7
│       ├── SettingPathMissing     -4   ├── SettingIsGroup         -8
│       └── SettingTypeChanged     -5   └── SettingNotUnderRoot    -9
├── NameTaken           another program owns the service name
└── ConnectionInUse     a second service on one connection, which no Venus client could tell apart
"""

# ruff: noqa: N818 - names say what happened, as the log and the except clause read it

from __future__ import annotations


class VelibError(Exception):
    """Base of all errors that this library raises on purpose."""


class BusLost(VelibError):
    """The D-Bus connection ended without `close()`, or could not be opened. It does not come back by itself."""


class PeerError(VelibError):
    """The other program did not do what it was asked to; the subclass says how it told so."""


class CallError(PeerError):
    """A method call was answered with a D-Bus error.

    Attributes:
        name: The error's name, for example ``org.freedesktop.DBus.Error.UnknownMethod``.
        text: What the other side says about it; may be empty.
    """

    def __init__(self, name: str, text: str = "") -> None:
        self.name = name
        self.text = text
        super().__init__(f"{name}: {text}" if text else name)


class CallTimeout(CallError):
    """A method call was not answered within its time limit. It may still take effect later."""


class NameTaken(VelibError):
    """Another connection owns the bus name. Nothing was queued: try again when it is gone.

    Attributes:
        name: The bus name that was asked for.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"{name}: another program owns this name on the bus; stop it, or choose another name")


class ConnectionInUse(VelibError):
    """The connection already carries a service. Open one connection per service."""


class SettingError(PeerError):
    """localsettings refused a setting. The other settings of the same request stay added.

    Attributes:
        path: The setting's path as requested; empty when localsettings did not say.
        code: Its error code, negative.
    """

    meaning = "refused for an unknown reason"

    def __init__(self, path: str, code: int) -> None:
        self.path = path
        self.code = code
        super().__init__(f"{path or 'setting without path'}: {self.meaning} (localsettings code {code})")


class SettingPathRefused(SettingError):
    """-2: a segment of the path begins with an underscore."""

    meaning = "a path segment begins with an underscore; rename it"


class SettingTypeUnknown(SettingError):
    """-3: the default is not a 32 or 64 bit integer, a double or a string."""

    meaning = "the default must be an int, a float or a str"


class SettingPathMissing(SettingError):
    """-4: the request carries no path, or one that is not text."""

    meaning = "the path is missing or not text"


class SettingTypeChanged(SettingError):
    """-5: the setting exists with another type; remove it first (its value is lost) or choose another path."""

    meaning = "exists with another type; remove it first or choose another path"


class SettingDefaultRefused(SettingError):
    """-6: the default cannot be converted, or a ClassAndVrmInstance is not ``class:number``."""

    meaning = "the default cannot be converted, or is not class:number"


class SettingOutOfRange(SettingError):
    """-7: the default lies outside minimum to maximum."""

    meaning = "the default lies outside minimum to maximum"


class SettingIsGroup(SettingError):
    """-8: other settings live below this path, so it cannot be a setting itself."""

    meaning = "other settings live below this path"


class SettingNotUnderRoot(SettingError):
    """-9: the path is not below /Settings/."""

    meaning = "the path is not below /Settings/"


_BY_CODE: dict[int, type[SettingError]] = {
    -2: SettingPathRefused,
    -3: SettingTypeUnknown,
    -4: SettingPathMissing,
    -5: SettingTypeChanged,
    -6: SettingDefaultRefused,
    -7: SettingOutOfRange,
    -8: SettingIsGroup,
    -9: SettingNotUnderRoot,
}


def setting_error(path: str, code: int) -> SettingError:
    """Returns the exception for a result code of AddSettings."""
    return _BY_CODE.get(code, SettingError)(path, code)
