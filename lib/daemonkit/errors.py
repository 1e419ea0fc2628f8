"""What can go wrong in a daemon, as far as somebody can act on it.

DaemonError
 +-- WireError        the peer sent nonsense: count it, log once, drop it, resynchronise
 +-- LinkLost         a wire or a network connection ended: reconnect
 +-- Refused          a device said no: the SetValue fails
 +-- DefinitionError  a configuration or definition file is wrong: exit 2, naming file and line
"""


class DaemonError(Exception):
    """An end that is no bug: logged as one line, without traceback; the process ends with `exit_code`."""

    exit_code = 1


class WireError(DaemonError):
    """The peer sent something that its protocol does not allow."""


class LinkLost(DaemonError):  # noqa: N818 (it names the event, as BusLost does in velib_async)
    """The connection to a device or server ended, or could not be made."""


class Refused(DaemonError):  # noqa: N818 (it names the answer)
    """The device understood and refused."""


class DefinitionError(DaemonError):
    """A configuration or definition file is wrong; `str()` gives "file:line: field: rule"."""

    exit_code = 2

    def __init__(self, where: str, field: str, rule: str) -> None:
        """Say what is expected: `where` is "file:line" as YamlMapping.where() gives it, `field` may be empty."""
        super().__init__(f"{where}: {field}: {rule}" if field else f"{where}: {rule}")
        self.where = where
        self.field = field
        self.rule = rule
