"""What a message of BusItem says of values. Pure. A peer is believed only as far as it has the right shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from velib_async.values import from_wire


def changed_items(raw: Mapping[Any, Any]) -> dict[str, tuple[Any, str | None]]:
    """Reduces the body of GetItems or ItemsChanged, or of PropertiesChanged put under its path, to value and text.

    Entries without a Value carry no news and are left out; so is what is no entry at all, or under no path.
    """
    return {
        path: (from_wire(attributes["Value"]), text if isinstance(text := attributes.get("Text"), str) else None)
        for path, attributes in raw.items()
        if isinstance(path, str) and isinstance(attributes, Mapping) and "Value" in attributes
    }


def changes_in(path: str, member: str, body: Sequence[Any]) -> dict[str, tuple[Any, str | None]]:
    """Reads a signal of BusItem; one that is not as it should be changes nothing."""
    if len(body) != 1 or not isinstance(body[0], Mapping):
        return {}
    if member == "ItemsChanged":
        return changed_items(body[0])
    if member == "PropertiesChanged":
        return changed_items({path: body[0]})
    return {}
