"""Items: the paths of a service, with their values, limits and callbacks."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from velib_async import callbacks
from velib_async.values import INVALID, Variant, check_text, cut_text, make_variant

if TYPE_CHECKING:
    from velib_async.bus_interface import IncomingCall
    from velib_async.service import Service

# What Venus shows for a value that is not known.
UNKNOWN_TEXT = "---"

# D-Bus specification, "Valid Object Paths".
_PATH = re.compile(r"(/[A-Za-z0-9_]+)+")

OnChange = Callable[[Any], Any] | Callable[[Any, Any], Awaitable[Any]]
TextFormatter = Callable[[Any], str]


class Item:
    """One path of a service. This class takes a value of any type that D-Bus can carry; the subclasses are typed.

    Args:
        path: Absolute object path; segments of letters, digits and underscores.
        value: The first value; None is unknown.
        writeable: Whether other programs may write it with SetValue.
        onchange: Decides about a write from outside. A plain function gets (value), and the write is accepted when it
            returns something true. An async function gets (item, value) and is awaited for at most 1 s: True accepts
            and stores the value, None accepts and leaves storing to the function (`set_local_value`), False refuses.
        text: Makes the text that user interfaces show, from a known value; `str` when absent.
        minimum, maximum: A write from outside beyond these is refused. Values set by the program itself are not held
            against them: a device reports what it reports.
        default: Told to programs that ask (GetDefault); not applied.
        description: Told to programs that ask (GetDescription).
        dead_band: A number that differs by less from the one last published is dropped. Changes from or to None, and
            writes from outside, always pass.
        nullable: Whether a write from outside may make the value unknown.

    Raises:
        ValueError: The path, the value or a limit cannot be carried by D-Bus.
    """

    __slots__ = (
        "_limits",
        "_text_fails",
        "_value",
        "dead_band",
        "description",
        "nullable",
        "onchange",
        "path",
        "service",
        "text",
        "write_fails",
        "writeable",
    )

    coding: ClassVar[str] = ""  # the D-Bus type; empty: chosen by the value
    # Interfaces besides BusItem that `handle_call` takes: method -> (signature of the arguments, of the answer).
    interfaces: ClassVar[Mapping[str, Mapping[str, tuple[str, str]]]] = {}
    # Whether `onchange` hears of a write of the value that the item has already. A subclass may decide otherwise: a
    # command that is given again is given again.
    hears_repeats: bool = False

    def __init__(
        self,
        path: str,
        value: Any = None,
        writeable: bool = False,  # noqa: FBT001, FBT002 - the signature that aiovelib's users know
        onchange: OnChange | None = None,
        text: TextFormatter | None = None,
        *,
        minimum: float | None = None,
        maximum: float | None = None,
        default: Any = None,
        description: str = "",
        dead_band: float = 0.0,
        nullable: bool = False,
    ) -> None:
        if not _PATH.fullmatch(path):
            raise ValueError(f"{path!r} is no object path: /Segments/Of/Letters_digits_and_underscores")
        self.path = path
        self.writeable = writeable
        self.onchange = onchange
        self.text = text
        limits = {"Min": minimum, "Max": maximum, "Default": default}
        self._limits = {
            key: self.encode(self.coerce_local(limit)) for key, limit in limits.items() if limit is not None
        } or None
        self.description = check_text(description)
        self.dead_band = dead_band
        self.nullable = nullable
        self.service: Service | None = None
        self.write_fails = False  # the last write failed in `onchange`: the next failure is no news for the log
        self._value = self._coerce_local(value)
        self._text_fails = False

    def __str__(self) -> str:
        return self.get_text()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.path!r}, {self._value!r})"

    @property
    def value(self) -> Any:
        """The value as last published; None is unknown. Set it by `set_local_value` or a `with service` block."""
        return self._value

    @property
    def minimum(self) -> Any:
        """The least value that is accepted from outside; None: no limit."""
        return self._limit("Min")

    @property
    def maximum(self) -> Any:
        """The greatest value that is accepted from outside; None: no limit."""
        return self._limit("Max")

    @property
    def default(self) -> Any:
        """The value to return to, as told to programs that ask; None: none."""
        return self._limit("Default")

    def coerce(self, value: Any) -> Any:
        """Returns a known value, written from outside, as this item's type.

        Raises:
            ValueError, TypeError: It has no such meaning.
        """
        if isinstance(value, Mapping):
            raise TypeError("a mapping is no value: give each of its keys a path")
        return make_variant(value).value or None if isinstance(value, list | tuple) else make_variant(value).value

    def coerce_local(self, value: Any) -> Any:
        """Like `coerce` for values that the program itself sets; may be more lenient."""
        return self.coerce(value)

    def accept_unknown(self) -> None:
        """Called for a write from outside that makes the value unknown; raises ValueError when it may not."""
        if not self.nullable:
            raise ValueError("unknown is not accepted here")

    def wire_type(self, value: Any) -> str:
        """Returns the D-Bus type that a known value of this item is sent as."""
        return make_variant(value).signature

    def encode(self, value: Any) -> Variant:
        """Returns a value of this item's type as it goes on the bus."""
        return INVALID if value is None else Variant(self.wire_type(value), value)

    def get_value(self) -> Variant:
        """Returns the value as it goes on the bus; aiovelib's name. Programs mostly want `value`."""
        return self.encode(self._value)

    def set_local_value(self, value: Any) -> None:
        """Sets the value from inside the program, and announces it if it changed.

        Raises:
            ValueError, TypeError: The value does not fit the item's type.
        """
        if self.assign(value) and self.service is not None:
            self.service.announce((self,))

    def assign(self, value: Any) -> bool:
        """Sets the value without announcing it; returns whether it changed."""
        new = self._coerce_local(value)
        old = self._value
        if new == old and type(new) is type(old):
            return False
        if self.dead_band and _is_number(new) and _is_number(old) and abs(new - old) < self.dead_band:
            return False
        self._value = new
        return True

    def store(self, value: Any) -> None:
        """Sets a coerced value, whatever the dead band says, and announces it if it changed."""
        if value == self._value:
            return
        self._value = value
        if self.service is not None:
            self.service.announce((self,))

    def get_text(self) -> str:
        """Returns the text that user interfaces show; the plain value when the formatter fails."""
        if self._value is None:
            return UNKNOWN_TEXT
        if self.text is None:
            return cut_text(str(self._value))
        try:
            text = check_text(callbacks.format_text(self.path, self.text, self._value, self._text_fails))
        except (callbacks.CallbackFailed, ValueError):
            self._text_fails = True  # logged once, not at each reading
            return cut_text(str(self._value))
        self._text_fails = False
        return text

    def published(self) -> tuple[str, str, Any, str, Mapping[str, Variant] | None]:
        """Returns path, type, value, text and the fixed fields (Min, Max, Default) as ItemsChanged carries them.

        The fixed fields are the same object each time: their bytes are kept by it.
        """
        value = self._value
        if value is None:
            return self.path, *INVALID, UNKNOWN_TEXT, self._limits
        return self.path, self.wire_type(value), value, self.get_text(), self._limits

    def attributes(self) -> dict[str, Variant]:
        """Returns Value and Text, and Min, Max and Default where given, as GetItems carries them."""
        return {"Value": self.encode(self._value), "Text": Variant("s", self.get_text()), **(self._limits or {})}

    def handle_call(self, call: IncomingCall) -> bool:  # noqa: ARG002 - for subclasses
        """Takes a method call of an interface other than BusItem on this path; False: unknown here."""
        return False

    def _coerce_local(self, value: Any) -> Any:
        return None if value is None else self.coerce_local(value)

    def _limit(self, key: str) -> Any:
        return self._limits[key].value if self._limits and key in self._limits else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float)
