from __future__ import annotations

from typing import Any

import pytest

from obdio.arguments import names_in, one_name
from obdio.errors import WrongArgument


def test_one_name() -> None:
    assert one_name(("RPM",)) == "RPM"
    assert one_name(("RPM", {})) == "RPM"


@pytest.mark.parametrize("args", [(), (None,), (5,), ({},), (["RPM"],)])
def test_what_is_no_name_is_refused(args: tuple[Any, ...]) -> None:
    with pytest.raises(WrongArgument, match="one command name"):
        one_name(args)


def test_names_are_a_list_or_one_each_once() -> None:
    assert names_in((["RPM", "SPEED", "RPM"],)) == ["RPM", "SPEED"]
    assert names_in(("RPM",)) == ["RPM"]


@pytest.mark.parametrize("args", [(), (None,), ([],), ([1],), ({"RPM": 1},), ([["RPM"]],)])
def test_what_is_no_list_of_names_is_refused(args: tuple[Any, ...]) -> None:
    with pytest.raises(WrongArgument, match="list of command names"):
        names_in(args)
