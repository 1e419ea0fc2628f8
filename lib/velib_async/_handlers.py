"""Who listens on a connection: what every kind of `bus_interface.Bus` has in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from velib_async.errors import ConnectionInUse

if TYPE_CHECKING:
    from velib_async.bus_interface import CallHandler, Changes, ChangesHandler, Signal, SignalHandler


class Handlers:
    """The part of a Bus that keeps its handlers."""

    def __init__(self) -> None:
        self._call_handler: CallHandler | None = None
        self._signal_handlers: list[SignalHandler] = []
        self._changes_handlers: list[ChangesHandler] = []

    def set_call_handler(self, handler: CallHandler | None) -> None:
        """See `bus_interface.Bus.set_call_handler`."""
        if handler is not None and self._call_handler is not None:
            raise ConnectionInUse("this connection carries a service already; open one connection per service")
        self._call_handler = handler

    def add_signal_handler(self, handler: SignalHandler) -> None:
        """See `bus_interface.Bus.add_signal_handler`."""
        self._signal_handlers.append(handler)

    def remove_signal_handler(self, handler: SignalHandler) -> None:
        """See `bus_interface.Bus.remove_signal_handler`."""
        self._signal_handlers.remove(handler)

    def add_changes_handler(self, handler: ChangesHandler) -> None:
        """See `bus_interface.Bus.add_changes_handler`."""
        self._changes_handlers.append(handler)

    def remove_changes_handler(self, handler: ChangesHandler) -> None:
        """See `bus_interface.Bus.remove_changes_handler`."""
        self._changes_handlers.remove(handler)

    def _tell_signal(self, signal: Signal) -> None:
        for handler in tuple(self._signal_handlers):  # a copy: a handler may take itself out
            handler(signal)

    def _tell_changes(self, sender: str, changes: Changes) -> None:
        for handler in tuple(self._changes_handlers):
            handler(sender, changes)
