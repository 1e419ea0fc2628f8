from __future__ import annotations

from pathlib import Path

from daemonkit.context import Paths


def test_paths_of_a_gx_without_environment() -> None:
    paths = Paths.find({})
    assert paths == Paths(
        data=Path("/data"),
        run=Path("/run/venus-daemons"),
        log=Path("/var/log"),
        config=Path("/data/conf/venus-daemons"),
    )
    assert paths.state == Path("/data/conf/venus-daemons/state")


def test_environment_moves_everything() -> None:
    paths = Paths.find({"VENUS_DAEMONS_DATA": "/t/d", "VENUS_DAEMONS_RUN": "/t/r", "VENUS_DAEMONS_LOG": "/t/l"})
    assert paths == Paths(data=Path("/t/d"), run=Path("/t/r"), log=Path("/t/l"), config=Path("/t/d/conf/venus-daemons"))


def test_empty_variables_count_as_absent() -> None:
    assert Paths.find({"VENUS_DAEMONS_DATA": "", "VENUS_DAEMONS_RUN": ""}) == Paths.find({})


def test_given_configuration_wins() -> None:
    assert Paths.find({"VENUS_DAEMONS_DATA": "/t/d"}, config=Path("/c")).state == Path("/c/state")
