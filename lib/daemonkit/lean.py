"""Leaves out of memory what libraries import at their head and a daemon on a GX seldom or never uses.

`__main__` of each daemon calls `start_lean()` before it imports anything else. Two ways, here and nowhere else:

- asyncio is imported as on a Python that was built without ssl, which it supports. No daemon asks asyncio for TLS:
  where a broker wants it, paho-mqtt wraps its own socket. OpenSSL costs 4.4 MiB of resident memory.
- The modules of DEFERRED are stand-ins, which import the real module when something of it is first used.

What is left out is tested: tests/integration/daemonkit/test_lean_imports.py.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any

DEFERRED: dict[str, tuple[str, ...]] = {
    # aiomqtt and paho-mqtt. The exceptions stand in `except` clauses that each read of a plain socket passes.
    "ssl": ("SSLWantReadError", "SSLWantWriteError"),
    # paho-mqtt (websockets) and dbus-fast (proxies); loads OpenSSL.
    "hashlib": (),
    # paho-mqtt, to look for a proxy of its websockets; loads http and email.
    "urllib.request": (),
    # dbus-fast's introspection, which velib_async does without. The class stands in annotations.
    "xml.etree.ElementTree": ("Element",),
    "xml.parsers.expat": (),
}
"""Module to its classes that may be looked up before it is loaded: those of annotations and `except` clauses."""


def start_lean() -> None:
    """Put the stand-ins in place; what has been imported already stays as it is."""
    if "asyncio" not in sys.modules and "ssl" not in sys.modules:
        sys.modules["ssl"] = None  # type: ignore[assignment] # how the import system says "there is none"
        importlib.import_module("asyncio")
        del sys.modules["ssl"]
    for name, classes in DEFERRED.items():
        if name not in sys.modules:
            StandIn(name, classes).install()


class StandIn(ModuleType):
    """A module that is imported when something of it is first used."""

    def __init__(self, name: str, classes: tuple[str, ...]) -> None:
        super().__init__(name)
        for each in classes:
            setattr(self, each, self._make_class(each))

    def install(self) -> None:
        """Become what `import` finds."""
        sys.modules[self.__name__] = self
        package, _, name = self.__name__.rpartition(".")
        if package:
            setattr(importlib.import_module(package), name, self)

    def load(self) -> ModuleType:
        """Import the module, and hold from then on what it holds."""
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        module = importlib.import_module(self.__name__)
        self.__dict__.update(module.__dict__)
        return module

    def __getattr__(self, name: str) -> Any:
        """Load: only what is missing is asked for here."""
        return getattr(self.load(), name)

    def _make_class(self, name: str) -> type[Exception]:
        """Return a class of which there is no instance, as there is none of the real one before it is loaded.

        It is an exception, so that it can stand in an `except` clause; to call it makes an instance of the real one.
        """

        def make(_: type, *arguments: Any, **options: Any) -> Any:
            return getattr(self.load(), name)(*arguments, **options)

        return type(name, (Exception,), {"__new__": make})
