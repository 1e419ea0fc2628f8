from __future__ import annotations

from modbus_client.protocol.setup import Setup


def test_a_new_value_is_a_change_the_first_and_an_unknown_one_are_not() -> None:
    setup = Setup(frozenset({"/PhaseConfig"}))
    values = [3, None, 3, 0, 0, None, 3]
    assert [setup.is_changed({"/PhaseConfig": v}) for v in values] == [False, False, False, True, False, False, True]


def test_other_values_may_change() -> None:
    setup = Setup(frozenset({"/PhaseConfig"}))
    assert not setup.is_changed({"/Ac/Power": 1.0})
    assert not setup.is_changed({"/Ac/Power": 2.0})
