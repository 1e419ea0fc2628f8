"""The bus daemon of a MemoryHub: names and match rules (D-Bus specification, "Message Bus Messages"). No messages."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from velib_async.bus_interface import INVALID_ARGS, UNKNOWN_METHOD, Signal
from velib_async.names import ALREADY_OWNER, DAEMON, DAEMON_PATH, NAME_HAS_NO_OWNER, PRIMARY_OWNER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from velib_async.bus_interface import IncomingCall

NAME_EXISTS = 3
RELEASED, NO_SUCH_NAME, NOT_OWNER = 1, 2, 3
MATCH_RULE_NOT_FOUND = "org.freedesktop.DBus.Error.MatchRuleNotFound"

# "Bus names": elements of letters, digits, _ and -, none beginning with a digit; at least two; 255 characters.
_NAME = re.compile(r"[A-Za-z_-][A-Za-z0-9_-]*(\.[A-Za-z_-][A-Za-z0-9_-]*)+")
_NAME_LIMIT = 255
_CONDITION = re.compile(r"(\w+)='([^']*)'(?:,|$)")


class MemoryDaemon:
    """Keeps names and match rules, and answers the daemon's methods.

    Args:
        broadcast: Sends a signal of the daemon's own.
    """

    def __init__(self, broadcast: Callable[[Signal], None]) -> None:
        self._broadcast = broadcast
        self._owners: dict[str, str] = {}
        self._rules: dict[str, Counter[str]] = {}  # by unique name: how often each rule was added
        self._methods: dict[tuple[str, str], Callable[..., tuple[str, object] | None]] = {
            ("RequestName", "su"): self._request_name,
            ("ReleaseName", "s"): self._release_name,
            ("ListNames", ""): lambda _: ("as", [DAEMON, *self._rules, *self._owners]),
            ("NameHasOwner", "s"): lambda _, name: ("b", self.owner(name) is not None),
            ("GetNameOwner", "s"): self._get_name_owner,
            ("AddMatch", "s"): self._add_match,
            ("RemoveMatch", "s"): self._remove_match,
        }

    def connect(self, unique_name: str) -> None:
        """Notes a new connection."""
        self._rules[unique_name] = Counter()
        self._tell(unique_name, "", unique_name)

    def disconnect(self, unique_name: str) -> None:
        """Forgets a connection, its names and its rules."""
        del self._rules[unique_name]
        for name in [name for name, owner in self._owners.items() if owner == unique_name]:
            del self._owners[name]
            self._tell(name, unique_name, "")
        self._tell(unique_name, unique_name, "")

    def owner(self, name: str) -> str | None:
        """Returns the unique name behind a name."""
        return name if name in self._rules else self._owners.get(name)

    def receivers(self, signal: Signal) -> Iterable[str]:
        """Returns the unique names of all connections with a match rule for the signal."""
        return [name for name, rules in self._rules.items() if any(self._fits(rule, signal) for rule in rules)]

    def answer(self, call: IncomingCall) -> None:
        """Answers a method call to the daemon."""
        method = self._methods.get((call.member, call.signature))
        if method is None:
            call.refuse(UNKNOWN_METHOD, f'the bus has no {call.member} with signature "{call.signature}"')
            return
        try:
            result = method(call.sender, *call.body)
        except LookupError as error:
            call.refuse(str(error.args[0]), str(error.args[1]))
            return
        call.reply(*result) if result is not None else call.reply()

    def _request_name(self, sender: str, name: str, _flags: int) -> tuple[str, object]:
        if not _NAME.fullmatch(name) or len(name) > _NAME_LIMIT:
            raise LookupError(INVALID_ARGS, f"{name!r} is no bus name")
        owner = self._owners.get(name)
        if owner == sender:
            return "u", ALREADY_OWNER
        if owner is not None:
            return "u", NAME_EXISTS  # without the queue: velib_async asks with DO_NOT_QUEUE only
        self._owners[name] = sender
        self._tell(name, "", sender)
        return "u", PRIMARY_OWNER

    def _release_name(self, sender: str, name: str) -> tuple[str, object]:
        if name not in self._owners:
            return "u", NO_SUCH_NAME
        if self._owners[name] != sender:
            return "u", NOT_OWNER
        del self._owners[name]
        self._tell(name, sender, "")
        return "u", RELEASED

    def _get_name_owner(self, _: str, name: str) -> tuple[str, object]:
        owner = DAEMON if name == DAEMON else self.owner(name)
        if owner is None:
            raise LookupError(NAME_HAS_NO_OWNER, f"nobody owns the name {name}")
        return "s", owner

    def _add_match(self, sender: str, rule: str) -> None:
        self._rules[sender][rule] += 1

    def _remove_match(self, sender: str, rule: str) -> None:
        if not self._rules[sender][rule]:
            raise LookupError(MATCH_RULE_NOT_FOUND, rule)
        self._rules[sender][rule] -= 1
        self._rules[sender] += Counter()  # drops what is at zero

    def _tell(self, name: str, old: str, new: str) -> None:
        self._broadcast(Signal(DAEMON, DAEMON_PATH, DAEMON, "NameOwnerChanged", [name, old, new]))

    def _fits(self, rule: str, signal: Signal) -> bool:
        return all(self._meets(signal, key, value) for key, value in _CONDITION.findall(rule))

    def _meets(self, signal: Signal, key: str, value: str) -> bool:
        first = signal.body[0] if signal.body else None
        match key:
            case "type":
                return value == "signal"
            case "sender":
                return signal.sender in (value, self.owner(value))
            case "path" | "interface" | "member":
                return bool(getattr(signal, key) == value)
            case "arg0":
                return bool(first == value)
            case "arg0namespace":
                return isinstance(first, str) and (first == value or first.startswith(f"{value}."))
        return False
