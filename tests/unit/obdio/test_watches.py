from __future__ import annotations

from obdio.watches import Watches


def test_values_go_to_those_who_watch() -> None:
    watches = Watches()
    watches.add("a", ["RPM", "SPEED"])
    watches.add("b", ["RPM"])
    assert watches.takers("RPM") == ["a", "b"]
    assert watches.takers("SPEED") == ["a"]
    assert watches.takers("VIN") == []


def test_a_paused_client_gets_nothing_but_keeps_its_watches() -> None:
    watches = Watches()
    watches.add("a", ["RPM"])
    watches.pause("a", is_paused=True)
    assert watches.takers("RPM") == []
    watches.pause("a", is_paused=False)
    assert watches.takers("RPM") == ["a"]


def test_removing_tells_what_was_watched() -> None:
    watches = Watches()
    watches.add("a", ["RPM", "SPEED"])
    assert watches.remove("a", ["RPM", "VIN"]) == {"RPM"}
    assert watches.remove("a", None) == {"SPEED"}
    assert watches.remove("nobody", None) == set()
    assert watches.of("a") == set()


def test_a_client_that_is_gone_is_forgotten() -> None:
    watches = Watches()
    watches.add("a", ["RPM"])
    watches.pause("a", is_paused=True)
    watches.forget("a")
    assert watches.clients == set()
