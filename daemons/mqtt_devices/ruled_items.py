"""D-Bus items that hold writes from outside against the rules of services.yml."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mqtt_devices.errors import Rejected
from mqtt_devices.protocol.service_types import PathRule, Value, ValueKind
from mqtt_devices.protocol.values import coerce
from velib_async.service import DoubleItem, IntegerItem, Item, TextArrayItem, TextItem

if TYPE_CHECKING:
    from velib_async.items import OnChange


class RuledItem(Item):
    """Mixed in before a typed item of velib_async, whose conversions it replaces by those of a rule."""

    __slots__ = ()
    rule: PathRule

    def __init__(self, rule: PathRule, value: Value, onchange: OnChange | None) -> None:
        # First, because the constructor converts. Each subclass has the slot.
        self.rule = rule  # type: ignore[misc] # a mixin cannot have it
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

    def coerce(self, value: Any) -> Any:
        """Return the value in the item's type.

        Raises:
            ValueError: the rule refuses it.
        """
        try:
            return coerce(value, self.rule)
        except Rejected as problem:
            raise ValueError(str(problem)) from None


class _RuledInteger(RuledItem, IntegerItem):
    __slots__ = ("rule",)


class _RuledDouble(RuledItem, DoubleItem):
    __slots__ = ("rule",)


class _RuledText(RuledItem, TextItem):
    __slots__ = ("rule",)


class _RuledTexts(RuledItem, TextArrayItem):
    __slots__ = ("rule",)


_ITEMS: dict[ValueKind, type[RuledItem]] = {
    ValueKind.INTEGER: _RuledInteger,
    ValueKind.DOUBLE: _RuledDouble,
    ValueKind.TEXT: _RuledText,
    ValueKind.TEXTS: _RuledTexts,
}


def make_item(rule: PathRule, value: Value, onchange: OnChange | None = None) -> RuledItem:
    """Return the item of a path with its present value; `onchange` as velib_async has it."""
    return _ITEMS[rule.kind](rule, value, onchange)
