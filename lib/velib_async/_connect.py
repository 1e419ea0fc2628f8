"""Opens connections with dbus_fast or dbus_next, and leaves nothing behind when that fails."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
from typing import TYPE_CHECKING, Any

from velib_async._dbus import LIBRARIES, DBusBus, adapt
from velib_async.errors import BusLost, VelibError

if TYPE_CHECKING:
    from velib_async.bus_interface import Library

# Authentication and Hello with a bus daemon that accepts connections but is otherwise stuck. dbus-daemon waits so long
# for a client, too. Giving up sooner made a busy boot busier: starting a daemon again costs more than waiting.
CONNECT_TIMEOUT_S = 30.0


async def connect(address: str | None, library: Library | None) -> DBusBus:
    """Opens a connection; see `bus.open_bus`."""
    name = load_library(library)
    errors = importlib.import_module(f"{name}.errors")
    where = address or "system"
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            return adapt(await _connect(name, where))
    except TimeoutError as error:
        raise BusLost(f"D-Bus at {where}: no answer within {CONNECT_TIMEOUT_S:g} s") from error
    except (OSError, EOFError, errors.AuthError, errors.InvalidAddressError) as error:
        raise BusLost(f"D-Bus at {where}: cannot connect: {error}") from error


def load_library(library: Library | None) -> Library:
    """Imports a library as `connect` uses it; see `bus.load_library`."""
    name = library or find_library()
    importlib.import_module(f"{name}.aio")
    return name


def find_library() -> Library:
    """Returns the preferred library among those that are installed.

    Raises:
        VelibError: None is.
    """
    for name in LIBRARIES:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
            return name
    raise VelibError(f"no D-Bus library is installed; one of {', '.join(LIBRARIES)} is needed")


async def _connect(name: Library, where: str) -> Any:
    module = importlib.import_module(f"{name}.aio")
    kind = importlib.import_module(f"{name}.constants").BusType
    kinds = {"session": kind.SESSION, "system": kind.SYSTEM}
    options = {"bus_type": kinds[where]} if where in kinds else {"bus_address": where}
    if name == "dbus_fast":
        return await module.MessageBus(**options).connect()
    message_bus = _tidy(module.MessageBus)(**options)
    try:
        return await message_bus.connect()
    except BaseException:
        message_bus.close_socket()
        raise


def _tidy(message_bus_class: Any) -> Any:
    """Returns dbus_next's MessageBus without two defects of version 0.2.3.

    It leaves its socket open when it cannot connect; and when the daemon hangs up during authentication, it reads the
    empty string for ever, without giving the event loop a turn.
    """

    class TidyMessageBus(message_bus_class):  # type: ignore[misc] # a class of a library without types
        def _setup_socket(self) -> None:
            try:
                super()._setup_socket()
            except BaseException:
                self.close_socket()
                raise

        async def _auth_readline(self) -> str:
            line = b""
            while not line.endswith(b"\r\n"):
                received = await self._loop.sock_recv(self._sock, 2)
                if not received:
                    raise ConnectionError("the bus daemon hung up during authentication")
                line += received
            return line[:-2].decode()

        def close_socket(self) -> None:
            """Closes what is open of the connection."""
            if hasattr(self, "_sock"):
                if hasattr(self, "_loop"):
                    self._loop.remove_reader(self._fd)
                self._stream.close()
                self._sock.close()

    return TidyMessageBus
