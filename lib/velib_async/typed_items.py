"""Items of one type each."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from velib_async.items import Item
from velib_async.values import MAX_ELEMENTS, MAX_VALUE_BYTES, check_text, finite, integer_signature


class IntegerItem(Item):
    """A whole number: int32 on the bus, int64 where it needs to be. bool counts as 0 and 1, numeric text as its number.

    A number with a fraction is refused from outside; from inside the program it is cut off, as `int` does.
    """

    __slots__ = ()
    coding = "i"

    def coerce(self, value: Any) -> int:
        """Returns the value as int; refuses fractions."""
        if isinstance(value, float) and not value.is_integer():
            raise ValueError(f"{value} is no whole number")
        return self.coerce_local(value)

    def coerce_local(self, value: Any) -> int:
        """Returns the value as int; cuts fractions off."""
        if isinstance(value, float):
            finite(value)
        number = int(value)
        integer_signature(number)
        return number

    def wire_type(self, value: Any) -> str:
        """``i``, beyond 32 bits ``x``."""
        return integer_signature(value)


class DoubleItem(Item):
    """A number: double on the bus. Not-a-number and infinity are refused: unknown is None."""

    __slots__ = ()
    coding = "d"

    def coerce(self, value: Any) -> float:
        """Returns the value as float."""
        return finite(float(value))

    def wire_type(self, value: Any) -> str:  # noqa: ARG002 - whatever the value
        """``d``."""
        return "d"


class TextItem(Item):
    """Text. Numbers are taken as their text."""

    __slots__ = ()
    coding = "s"

    def coerce(self, value: Any) -> str:
        """Returns the value as text."""
        if not isinstance(value, str | int | float):
            raise TypeError(f"a {type(value).__name__} is no text")
        return check_text(str(value))

    def wire_type(self, value: Any) -> str:  # noqa: ARG002 - whatever the value
        """``s``."""
        return "s"


class _ArrayItem(Item):
    """A list of one kind of element. An empty list cannot be transported: it counts as None."""

    __slots__ = ()
    MAX_ELEMENTS: ClassVar[int] = MAX_ELEMENTS

    def coerce_element(self, element: Any) -> Any:
        """Returns one element as this item's element type."""
        raise NotImplementedError

    def coerce(self, value: Any) -> list[Any] | None:
        """Returns the value as a list of the right elements; None for an empty one."""
        if not isinstance(value, list | tuple):
            raise TypeError(f"a {type(value).__name__} is no list")
        if len(value) > self.MAX_ELEMENTS:
            raise ValueError(f"{len(value)} elements; the limit is {self.MAX_ELEMENTS}")
        return [self.coerce_element(element) for element in value] or None


class IntegerArrayItem(_ArrayItem):
    """A list of whole numbers: ``ai``, or ``ax`` when one of them needs 64 bits."""

    __slots__ = ()
    coding = "ai"

    def coerce_element(self, element: Any) -> int:
        """Returns one element as int."""
        number = int(finite(element)) if isinstance(element, float) else int(element)
        integer_signature(number)
        return number


class DoubleArrayItem(_ArrayItem):
    """A list of numbers: ``ad``."""

    __slots__ = ()
    coding = "ad"

    def coerce_element(self, element: Any) -> float:
        """Returns one element as float."""
        return finite(float(element))


class TextArrayItem(_ArrayItem):
    """A list of texts: ``as``."""

    __slots__ = ()
    coding = "as"
    MAX_ELEMENTS = 256  # role names and the like

    def coerce_element(self, element: Any) -> str:
        """Returns one element as text."""
        return check_text(str(element))

    def coerce(self, value: Any) -> list[Any] | None:
        """Returns the value as a list of texts; None for an empty one."""
        texts = super().coerce(value)
        if texts and math.fsum(len(text.encode()) for text in texts) > MAX_VALUE_BYTES:
            raise ValueError(f"texts of more than {MAX_VALUE_BYTES} bytes in one list")
        return texts
