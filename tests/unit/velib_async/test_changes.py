"""What is read out of BusItem's messages, and what is passed over."""

from __future__ import annotations

from typing import Any

import pytest

from velib_async.changes import changed_items, changes_in


def test_changes_without_a_value_are_no_news() -> None:
    raw: dict[str, dict[str, Any]] = {"/A": {"Value": [], "Text": "---"}, "/B": {"Min": 1}, "/C": {"Value": 1}}
    assert changed_items(raw) == {"/A": (None, "---"), "/C": (1, None)}


def test_what_is_under_no_path_is_passed_over() -> None:
    assert changed_items({7: {"Value": 1}, "/A": {"Value": 2, "Text": 5}, "/B": 3}) == {"/A": (2, None)}


@pytest.mark.parametrize(
    ("member", "body", "changes"),
    [
        ("ItemsChanged", [{"/A": {"Value": 1}}], {"/A": (1, None)}),
        ("PropertiesChanged", [{"Value": 1, "Text": "1 W"}], {"/P": (1, "1 W")}),
        ("PropertiesChanged", [{1: 2}], {}),
        ("ItemsChanged", [{"/A": {"Value": 1}}, 2], {}),
        ("ItemsChanged", ["text"], {}),
        ("ItemsChanged", [], {}),
        ("Other", [{"/A": {"Value": 1}}], {}),
    ],
)
def test_signal_changes_what_it_says_in_the_right_shape(
    member: str, body: list[Any], changes: dict[str, tuple[Any, str | None]]
) -> None:
    assert changes_in("/P", member, body) == changes
