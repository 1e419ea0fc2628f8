"""What holds for every test: real peers on private addresses, and nothing of the machine touched."""

from __future__ import annotations

import gc
import os
import signal
from contextlib import ExitStack
from inspect import iscoroutinefunction
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, NoReturn

import hypothesis
import pytest

from tests.distribution import Distribution, slow_first
from tests.peers.dbus import DBusDaemon
from tests.peers.mosquitto import Mosquitto
from tests.peers.port import HeldPort
from tests.peers.process import MissingProgramError

try:
    from blockbuster import BlockBuster
except ImportError:  # it patches the interpreter, and may lag behind the newest CPython
    BlockBuster = None  # type: ignore[assignment,misc] # the absent case of an optional tool

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from xdist.remote import Producer  # type: ignore[import-untyped]

REPOSITORY = Path(__file__).resolve().parents[1]
IS_LONG = bool(os.environ.get("VENUS_DAEMONS_LONG"))  # set by bin/test --long
NO_BUS = "unix:path=/nonexistent/venus-daemons-tests-use-private-buses"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "unguarded: an async test in which blocking calls are not looked for")
    config.addinivalue_line(
        "markers", "only_long: too long for every day, runs in bin/test --long only (VENUS_DAEMONS_LONG=1)"
    )
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # A shell that runs us in the background has us ignore it; the programs that tests interrupt would inherit that.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # Without deadline: this machine may be busy with something else.
    hypothesis.settings.register_profile("sample", deadline=None, print_blob=True, max_examples=50)
    hypothesis.settings.register_profile("long", deadline=None, print_blob=True, max_examples=2000)
    hypothesis.settings.load_profile("long" if IS_LONG else "sample")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not IS_LONG:
        left_out = [item for item in items if item.get_closest_marker("only_long")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker("only_long")]
    slow_first(items)


def pytest_collection_finish() -> None:
    gc.freeze()  # thousands of tests stay as they are: no collection needs to look through them again


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Distribution | None:
    return Distribution(config, log) if config.getvalue("dist") == "load" else None


@pytest.fixture(scope="session")
def campaign() -> Callable[[int, int], int]:
    """Size a campaign (marker "long"): `campaign(sample, full)` returns what this run does of it."""
    return lambda sample, full: full if IS_LONG else sample


@pytest.fixture(scope="session", autouse=True)
def untouched_machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep daemons that a test starts away from /data, /run, /var/log and the buses of the machine."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("DATA", "RUN", "LOG"):
            patch.setenv(f"VENUS_DAEMONS_{name}", str(tmp_path_factory.mktemp(name.lower())))
        # Where an environment forbids it, every daemon would be compiled anew at each start (see bin/setup-env.sh).
        patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
        patch.setenv("DBUS_SYSTEM_BUS_ADDRESS", NO_BUS)
        patch.setenv("DBUS_SESSION_BUS_ADDRESS", NO_BUS)
        yield


@pytest.fixture
def dbus_daemon() -> Iterator[DBusDaemon]:
    with DBusDaemon() as bus:
        yield bus


@pytest.fixture
def mosquitto() -> Iterator[Mosquitto]:
    with Mosquitto() as broker:
        yield broker


@pytest.fixture
def free_port() -> Iterator[Callable[[], int]]:
    """A function that returns a new TCP port of 127.0.0.1, which stays free for the test until it ends."""
    with ExitStack() as ports:
        yield lambda: ports.enter_context(HeldPort()).number


def _end_test(error: MissingProgramError) -> NoReturn:
    if os.environ.get("VENUS_DAEMONS_PEERS") == "required":  # set by bin/test, which has installed every peer
        pytest.fail(str(error), pytrace=False)
    pytest.skip(str(error))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup() -> Generator[None, object, object]:
    try:
        return (yield)
    except MissingProgramError as error:
        _end_test(error)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    guard = _guard() if _is_guarded(item) else None
    try:
        return (yield)
    except MissingProgramError as error:
        _end_test(error)
    finally:
        if guard is not None:
            guard.deactivate()


def _is_guarded(item: pytest.Item) -> bool:
    if BlockBuster is None or item.get_closest_marker("unguarded") or not isinstance(item, pytest.Function):
        return False
    return iscoroutinefunction(item.obj)


def _guard() -> BlockBuster:
    """Make sleeping and blocking sockets an error inside a running loop, where product code is on the stack.

    Small files (status, state) are written in place on purpose, so file operations are not looked for.
    """
    product = []
    for root in ("lib", "daemons"):
        module = ModuleType(root)
        module.__path__ = [str(REPOSITORY / root)]
        product.append(module)
    guard = BlockBuster(scanned_modules=product)
    for name, function in guard.functions.items():
        if name == "time.sleep" or name.startswith("socket."):
            # Both D-Bus libraries connect their unix socket in a blocking way; that ends within microseconds.
            for library in ("dbus_next", "dbus_fast"):
                function.can_block_in(f"{library}/message_bus.py", {"_setup_socket"})
            function.activate()
    return guard
