"""What can be wrong with a message of a device, as that device is told on its Error topic.

DaemonError (daemonkit)
 +-- DefinitionError
 |    +-- Mistakes   of a definition file, or of one type in it
 +-- WireError
 |    +-- Rejected   a message, or a part of one, cannot be acted on; its sender is told
 +-- LinkLost        the connection to the broker ended, or could not be made
"""

from __future__ import annotations

from enum import StrEnum

from daemonkit.errors import DefinitionError, WireError

# What is shown of a name that somebody sent; the longest honest one, a D-Bus path in a topic, has half of that.
MAX_FIELD = 200
# The longest of our own rules lists some thirty service types (400 characters).
MAX_RULE = 600


class Reason(StrEnum):
    """Machine-readable reason codes of the Error topic. Codes are only ever added: device firmware compares them."""

    TOO_LONG = "too_long"
    NOT_UTF8 = "not_utf8"
    NOT_JSON = "not_json"
    NOT_AN_OBJECT = "not_an_object"
    MISSING = "missing"
    WRONG_TYPE = "wrong_type"
    OUT_OF_RANGE = "out_of_range"
    BAD_TEXT = "bad_text"
    BAD_ID = "bad_id"
    UNKNOWN_TYPE = "unknown_type"
    BROKEN_TYPE = "broken_type"
    TOO_MANY = "too_many"
    NAME_CLASH = "name_clash"
    NAME_TAKEN = "name_taken"
    SERVICE_LIMIT = "service_limit"
    DEVICE_LIMIT = "device_limit"
    CONNECTION_LIMIT = "connection_limit"
    NEW_SERVICE_LIMIT = "new_service_limit"
    SETTINGS_FAILED = "settings_failed"
    BUS_FAILED = "bus_failed"
    BAD_TOPIC_PATH = "bad_topic_path"
    NOT_YOURS = "not_yours"
    UNKNOWN_SERVICE = "unknown_service"
    NOT_ALLOWED = "not_allowed"
    NOT_ENABLED = "not_enabled"
    UNKNOWN_PATH = "unknown_path"
    NOT_WRITEABLE = "not_writeable"
    BAD_LAST_WILL = "bad_last_will"
    RETAINED = "retained"


# Failures of the GX rather than of the message: the daemon tries these again by itself.
TRANSIENT = frozenset(
    {
        Reason.CONNECTION_LIMIT,
        Reason.NEW_SERVICE_LIMIT,
        Reason.SETTINGS_FAILED,
        Reason.BUS_FAILED,
        Reason.NAME_TAKEN,
    }
)


class Mistakes(DefinitionError):  # noqa: N818 - a collection of errors
    """All mistakes of a file, or of a part of it, one line each."""

    def __init__(self, mistakes: list[DefinitionError]) -> None:
        first = mistakes[0]
        super().__init__(first.where, first.field, first.rule)
        self.mistakes = mistakes

    def __str__(self) -> str:
        return "\n".join(map(str, self.mistakes))


class Rejected(WireError):  # noqa: N818 - the name says what happened, as "refused" does on D-Bus
    """A message, or one part of it, that cannot be acted on.

    Args:
        reason: what a program compares.
        field: the JSON key, topic or path concerned, "" for the message as a whole.
        rule: what would be accepted, in words.

    Both texts are cut: they may hold what the sender made up, and go out again in an Error and into the log.
    """

    def __init__(self, reason: Reason, field: str, rule: str) -> None:
        field, rule = shorten(field, MAX_FIELD), shorten(rule, MAX_RULE)
        super().__init__(f"{field}: {rule}" if field else rule)
        self.reason = reason
        self.field = field
        self.rule = rule


def shorten(text: str, maximum: int) -> str:
    """Cut a text, visibly."""
    return text if len(text) <= maximum else f"{text[: maximum - 3]}..."
