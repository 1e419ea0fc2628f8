"""D-Bus items that hold writes from outside against the rules of services.yml."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mqtt_devices.errors import Rejected
from mqtt_devices.protocol.service_types import PathRule, Value, ValueKind
from mqtt_devices.protocol.values import coerce
from velib_async.service import DoubleItem, IntegerItem, Item, TextArrayItem, TextItem

if TYPE_CHECKING:
    from collections.abc import Callable

    from velib_async.items import OnChange

    Hear = Callable[[PathRule, Value], Value]


class RuledItem(Item):
    """Mixed in before a typed item of velib_async, whose conversions it replaces by those of a rule."""

    __slots__ = ()
    rule: PathRule
    hear: Hear | None

    def __init__(self, rule: PathRule, value: Value, onchange: OnChange | None, hear: Hear | None) -> None:
        # First, because the constructor converts. Each subclass has the slots.
        self.rule = rule  # type: ignore[misc] # a mixin cannot have it
        self.hear = hear  # type: ignore[misc] # the same
        super().__init__(
            f"/{rule.path}",
            value,
            rule.writeable,
            onchange,
            rule.format_text,
            minimum=rule.minimum,
            maximum=rule.maximum,
            default=rule.default,
            description=rule.description,
            nullable=not rule.persists,
        )

    @property
    def hears_repeats(self) -> bool:  # type: ignore[override] # decided by the rule
        """What the user sets again the device may have missed."""
        return self.rule.is_users

    def coerce(self, value: Any) -> Any:
        """Return a value written from outside in the item's type.

        Raises:
            ValueError: the rule refuses it.
        """
        value = self.coerce_local(value)
        # Here and not in a callback, which is not called for a value that is the same again: that is news, too.
        return value if self.hear is None else self.hear(self.rule, value)

    def accept_unknown(self) -> None:
        """Let the device make a value unknown; raises ValueError for one that is always known."""
        super().accept_unknown()
        if self.hear is not None:
            self.hear(self.rule, None)

    def coerce_local(self, value: Any) -> Any:
        """Return a value of our own in the item's type; raises ValueError."""
        try:
            return coerce(value, self.rule)
        except Rejected as problem:
            raise ValueError(str(problem)) from None


class _RuledInteger(RuledItem, IntegerItem):
    __slots__ = ("hear", "rule")


class _RuledDouble(RuledItem, DoubleItem):
    __slots__ = ("hear", "rule")


class _RuledText(RuledItem, TextItem):
    __slots__ = ("hear", "rule")


class _RuledTexts(RuledItem, TextArrayItem):
    __slots__ = ("hear", "rule")


_ITEMS: dict[ValueKind, type[RuledItem]] = {
    ValueKind.INTEGER: _RuledInteger,
    ValueKind.DOUBLE: _RuledDouble,
    ValueKind.TEXT: _RuledText,
    ValueKind.TEXTS: _RuledTexts,
}


def make_item(rule: PathRule, value: Value, onchange: OnChange | None = None, hear: Hear | None = None) -> RuledItem:
    """Return the item of a path with its present value.

    Args:
        rule: of the path.
        value: its present value.
        onchange: as velib_async has it.
        hear: called with rule and value for each valid write from outside; returns what is to be stored.
    """
    return _ITEMS[rule.kind](rule, value, onchange, hear)
