"""ELM327-emulator of PyPI as `python -m simulators.obd.emulator`, with its own options, outliving impatient programs.

Its thread ends when a program hangs up while what it sent is being echoed, and the adapter is deaf for good. A program
that waits a second for an answer does just that when the machine is busy. Here the adapter then waits for the next one.
"""

from __future__ import annotations

from typing import Any

import elm  # type: ignore[import-untyped] # has none
from elm.elm import Elm  # type: ignore[import-untyped] # has none


class Adapter(Elm):  # type: ignore[misc] # a class of a library without types
    """The emulator, whose network side takes a connection that ends at any moment for what it is."""

    def read_from_device(self, size: int) -> Any:
        """Return what came, None when the connection ended."""
        try:
            return super().read_from_device(size)
        except ConnectionError:
            self.sock_conn = self.sock_addr = None
            self.reset(0)
            return None


if __name__ == "__main__":
    elm.interpreter.Elm = Adapter
    elm.main()
