from __future__ import annotations

from daemonkit.errors import DaemonError, DefinitionError, LinkLost, Refused, WireError


def test_definition_error_reads_as_place_field_rule() -> None:
    assert str(DefinitionError("a.yml:3", "port", "is missing")) == "a.yml:3: port: is missing"
    assert str(DefinitionError("a.yml:3", "", "is no mapping")) == "a.yml:3: is no mapping"


def test_exit_codes_tell_a_wrong_configuration_from_the_rest() -> None:
    assert DefinitionError("a", "b", "c").exit_code == 2
    assert {kind().exit_code for kind in (DaemonError, WireError, LinkLost, Refused)} == {1}
