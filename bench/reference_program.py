"""The reference: the same messages through dbus-python, the C library under Venus' own velib. Debian's python3 runs it.

It does the least that a driver has to do: format, send; receive, keep. It has no limits, no coalescing and no checks.
"""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import dbus.bus  # type: ignore[import-not-found]  # Debian's; not in our virtualenv
import dbus.mainloop.glib  # type: ignore[import-not-found]
import dbus.service  # type: ignore[import-not-found]
from gi.repository import GLib  # type: ignore[import-not-found]

from bench import workload

if TYPE_CHECKING:
    import argparse


class Root(dbus.service.Object):  # type: ignore[misc]  # dbus-python has no types
    """The object at `/`: GetItems and ItemsChanged."""

    def __init__(self, bus: Any, paths: list[str]) -> None:
        super().__init__(bus, "/")
        self.values = dict.fromkeys(paths, 0.0)

    @dbus.service.method(workload.INTERFACE, out_signature="a{sa{sv}}")  # type: ignore[untyped-decorator]
    def GetItems(self) -> dict[str, dict[str, Any]]:  # noqa: N802 - the name on the bus
        """Return all items."""
        return {path: {"Value": value, "Text": workload.text(value)} for path, value in self.values.items()}

    @dbus.service.signal(workload.INTERFACE, signature="a{sa{sv}}")  # type: ignore[untyped-decorator]
    def ItemsChanged(self, changes: dict[str, dict[str, Any]]) -> None:  # noqa: N802 - the name on the bus
        """Announce changes."""

    def change_all(self, step: int) -> None:
        """Change each item, and send what changed."""
        changes = {}
        for number, (path, old) in enumerate(self.values.items()):
            value = workload.value(step, number)
            if value != old:
                self.values[path] = value
                changes[path] = {"Value": value, "Text": workload.text(value)}
        self.ItemsChanged(changes)


class Leaf(dbus.service.Object):  # type: ignore[misc]  # as above
    """One item's object: dbus-python routes calls to exported objects only."""

    @dbus.service.method(workload.INTERFACE, out_signature="v")  # type: ignore[untyped-decorator]
    def GetValue(self) -> float:  # noqa: N802 - the name on the bus
        """Return the value."""
        return 0.0


def connect(address: str) -> Any:
    """Open a connection of its own."""
    return dbus.bus.BusConnection(address)


def run_pending() -> None:
    """Let the main loop do what there is to do."""
    while GLib.MainContext.default().iteration(False):
        pass


def settle() -> None:
    """Let the main loop run for a while."""
    loop = GLib.MainLoop()
    GLib.timeout_add(int(workload.SETTLE_S * 1000), loop.quit)
    loop.run()


def provide(options: argparse.Namespace) -> None:
    """Send ItemsChanged; CPU per changed item."""
    bus = connect(options.address)
    root = Root(bus, workload.paths(options.items))
    bus.request_name(workload.NAME)
    settle()
    watch = workload.Stopwatch()
    for step in range(1, options.times + 1):
        root.change_all(step)
        bus.flush()
        run_pending()
        workload.pause(options.items)
    watch.report(options.items * options.times)


def consume(options: argparse.Namespace) -> None:
    """Receive ItemsChanged; CPU per changed item."""
    bus = connect(options.address)
    loop = GLib.MainLoop()
    counter = workload.ItemCounter(options.times, options.items)
    kept: dict[str, tuple[Any, Any]] = {}

    def keep(items: Any, sender: str) -> None:
        if sender:
            for path, fields in items.items():
                kept[path] = fields["Value"], fields["Text"]
        if counter.add(len(items), kept.get(workload.FIRST, (None,))[0]):
            loop.quit()

    bus.add_signal_receiver(
        keep, dbus_interface=workload.INTERFACE, signal_name="ItemsChanged", path="/", sender_keyword="sender"
    )
    workload.ready()
    loop.run()
    counter.finish()


def serve(options: argparse.Namespace) -> None:
    """Answer GetItems until SIGTERM; CPU per answer."""
    bus = connect(options.address)
    root = Root(bus, workload.paths(options.items))
    bus.request_name(workload.NAME)
    loop = GLib.MainLoop()
    GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, signal.SIGTERM, loop.quit)
    watch = workload.Stopwatch()
    workload.ready()
    loop.run()
    watch.report(options.times)
    root.remove_from_connection()


def ask(options: argparse.Namespace) -> None:
    """Call GetItems; CPU and time per call."""
    bus = connect(options.address)
    watch = workload.Stopwatch()
    for _ in range(options.times):
        items = bus.call_blocking(workload.NAME, "/", workload.INTERFACE, "GetItems", "", ())
        if len(items) != options.items:
            raise RuntimeError(f"GetItems of {len(items)} items instead of {options.items}")
    watch.report(options.times)


def register(options: argparse.Namespace) -> None:
    """Export the objects of services and claim their names; CPU and time per service."""
    buses = [connect(options.address) for _ in range(options.times)]
    watch = workload.Stopwatch()
    for number, bus in enumerate(buses):
        paths = workload.paths(options.items)
        Root(bus, paths)
        for path in paths:
            Leaf(bus, path)
        bus.request_name(f"{workload.NAME}{number}")
    watch.report(options.times)


ROLES = {"provide": provide, "consume": consume, "serve": serve, "ask": ask, "register": register}

if __name__ == "__main__":
    dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
    chosen = workload.arguments(list(ROLES))
    ROLES[chosen.role](chosen)
