"""The bus daemon's own methods: names, owners and match rules (D-Bus specification, "Message Bus Messages")."""

from __future__ import annotations

from typing import TYPE_CHECKING

from velib_async.bus_interface import BUS_ITEM
from velib_async.errors import CallError, NameTaken

if TYPE_CHECKING:
    from velib_async.bus_interface import Bus

DAEMON = "org.freedesktop.DBus"
DAEMON_PATH = "/org/freedesktop/DBus"
NAME_HAS_NO_OWNER = "org.freedesktop.DBus.Error.NameHasNoOwner"

# Flags and replies of RequestName.
DO_NOT_QUEUE = 4
PRIMARY_OWNER = 1
ALREADY_OWNER = 4


async def request_name(bus: Bus, name: str) -> None:
    """Makes the connection the owner of a name, or fails at once: nothing is queued.

    Raises:
        NameTaken: Another connection owns it.
        CallError: The bus' policy forbids it, or the name is malformed.
    """
    (answer,) = await bus.call(DAEMON, DAEMON_PATH, DAEMON, "RequestName", "su", [name, DO_NOT_QUEUE])
    if answer not in (PRIMARY_OWNER, ALREADY_OWNER):
        raise NameTaken(name)


async def release_name(bus: Bus, name: str) -> None:
    """Gives a name up. Harmless when the connection does not own it."""
    await bus.call(DAEMON, DAEMON_PATH, DAEMON, "ReleaseName", "s", [name])


async def name_owner(bus: Bus, name: str) -> str | None:
    """Returns the unique name of the connection that owns `name`, None when nobody does."""
    try:
        (owner,) = await bus.call(DAEMON, DAEMON_PATH, DAEMON, "GetNameOwner", "s", [name])
    except CallError as error:
        if error.name == NAME_HAS_NO_OWNER:
            return None
        raise
    return str(owner)


async def list_names(bus: Bus) -> list[str]:
    """Returns all names on the bus, well-known and unique."""
    (names,) = await bus.call(DAEMON, DAEMON_PATH, DAEMON, "ListNames")
    return list(names)


async def add_match(bus: Bus, rule: str) -> None:
    """Lets signals that fit the rule through. Each call counts: remove as often as added."""
    await bus.call(DAEMON, DAEMON_PATH, DAEMON, "AddMatch", "s", [rule])


async def remove_match(bus: Bus, rule: str) -> None:
    """Undoes one `add_match`."""
    await bus.call(DAEMON, DAEMON_PATH, DAEMON, "RemoveMatch", "s", [rule])


def match_rule(**conditions: str) -> str:
    """Builds a match rule; the conditions' names are those of the specification."""
    return ",".join(f"{key}='{value}'" for key, value in conditions.items())


def item_changes(owner: str) -> tuple[str, str]:
    """Returns the match rules for what a service tells of its items."""
    common = {"type": "signal", "sender": owner, "interface": BUS_ITEM}
    return match_rule(**common, path="/", member="ItemsChanged"), match_rule(**common, member="PropertiesChanged")


# Venus' services come and go.
OWNER_CHANGES = match_rule(
    type="signal",
    sender=DAEMON,
    interface=DAEMON,
    path=DAEMON_PATH,
    member="NameOwnerChanged",
    arg0namespace="com.victronenergy",
)
