"""The one door to python-OBD's names: its import, its command table, and its protocols and trouble codes.

Importing obd builds pint's unit registry (a quarter of a second on a PC, seconds on a GX), so nothing here imports it
before load() is called.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import pickle
from pathlib import Path
from typing import TYPE_CHECKING, Any

from obdio.answers import VALUE_AT
from obdio.errors import Refused, UnknownCommand
from obdio.extra import EXTRA_COMMANDS, CommandSpec

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from types import ModuleType

logger = logging.getLogger(__name__)

ALLOWED_MODES = frozenset({1, 2, 3, 6, 7, 9, 0x0A})
"""Services that only read. 04 erases codes, 08 acts on the vehicle; those above 0A are the maker's."""
OWN_MODES = ALLOWED_MODES | {0x21, 0x22}
"""A user's own file may also read the maker's values, with the services that only read."""
MAX_OWN = 256
"""Own commands of one program; each keeps a decoder and a name."""
ADAPTER_COMMANDS = frozenset({"ELM_VERSION", "ELM_VOLTAGE"})
CLEAR = "CLEAR_DTC"
DAMAGED = (
    OSError, EOFError, ImportError, AttributeError, LookupError, TypeError, ValueError, ArithmeticError, MemoryError,
    pickle.UnpicklingError,
)  # fmt: skip
"""What reading a damaged pickle, and reading or writing on a damaged disk, is documented or was seen to raise."""
CACHED = "[0-9a-f]" * 40 + ".*"
"""The names of pint's cached files; the directory may hold others."""


def only_reads(command: Any) -> bool:
    """Whether command uses a service that reads (the maker's included), or is one of the harmless adapter commands."""
    return command.name in ADAPTER_COMMANDS or command.mode in OWN_MODES


class Table:
    """Commands by name: python-OBD's, ours, and the user's."""

    def __init__(self, obd: ModuleType, own: Iterable[CommandSpec] = ()) -> None:
        self.obd = obd
        self._extra: dict[str, Any] = {}
        self.own_names: frozenset[str] = frozenset()
        for spec in EXTRA_COMMANDS:
            self._extra[spec.name] = self._command(spec)
        for spec in own:
            self._take_own(spec)

    def find(self, name: object) -> Any:
        """Return the OBDCommand called name; raises UnknownCommand."""
        if isinstance(name, str):
            if name in self._extra:
                return self._extra[name]
            if self.obd.commands.has_name(name):
                return self.obd.commands[name]
        raise UnknownCommand(name)

    def add(self, command: Any) -> None:
        """Take a program's own OBDCommand; one that is known already is left as it is.

        Raises Refused when it does not only read, or has the name of another command.
        """
        try:
            known = self.find(command.name)
        except UnknownCommand:
            if len(self.own_names) >= MAX_OWN:
                raise Refused(f"{MAX_OWN} own commands are there already") from None
            if not only_reads(command):
                raise Refused(f"{command.name} is not a command that only reads") from None
            self._extra[command.name] = command
            self.own_names |= {command.name}
            return
        if known.command != command.command or not self.is_readable(known):
            raise Refused(f"{command.name} is the name of another command, or does not only read")

    def _take_own(self, spec: CommandSpec) -> None:
        # The engine speed decides about sleep and clearing: a formula of somebody's own must not stand in for it.
        if spec.name in self._extra or self.obd.commands.has_name(spec.name):
            logger.error("the own command %s is left out: there is one of this name, choose another", spec.name)
            return
        self._extra[spec.name] = self._command(spec)
        self.own_names |= {spec.name}

    def is_readable(self, command: Any) -> bool:
        """Whether asking command only reads: a listed service or one of the two harmless adapter commands."""
        if command.name in ADAPTER_COMMANDS:
            return True
        return command.mode in (OWN_MODES if command.name in self.own_names else ALLOWED_MODES)

    def modes(self) -> list[list[Any]]:
        """Return all commands by mode, as python-OBD numbers them."""
        return [[command for command in mode if command] for mode in self.obd.commands.modes]

    @property
    def extra(self) -> dict[str, Any]:
        """The commands that python-OBD does not know."""
        return self._extra

    def protocols(self) -> list[Any]:
        """Return python-OBD's protocol classes."""
        known = vars(self.obd.protocols).values()
        return sorted(
            {kind for kind in known if isinstance(kind, type) and hasattr(kind, "ELM_ID") and kind.ELM_ID},
            key=lambda p: p.ELM_ID,
        )

    def trouble_codes(self) -> dict[str, str]:
        """Return the text of each generic trouble code."""
        return dict(self.obd.codes.DTC)

    def _command(self, spec: CommandSpec) -> Any:
        size = spec.count + len(spec.request) // 2 if spec.count else 0
        decode = self._decoder(spec)
        fast = spec.mode == 1
        return self.obd.OBDCommand(
            spec.name, spec.desc, spec.request.encode(), size, decode, self.obd.ECU.ALL, fast, spec.header.encode()
        )

    def _decoder(self, spec: CommandSpec) -> Any:
        if spec.mode == 0x0A:  # noqa: PLR2004 - the service of permanent codes
            return self.obd.decoders.dtc
        if spec.formula is None:
            return self.obd.decoders.pid
        unit = self.obd.Unit.Unit(spec.unit) if spec.unit else None
        return functools.partial(_decode, self.obd, spec, unit)


def _decode(obd: ModuleType, spec: CommandSpec, unit: Any, messages: Sequence[Any]) -> Any:
    assert spec.formula is not None  # noqa: S101 - _decoder made sure
    value = spec.formula(messages[0].data[max(VALUE_AT, len(spec.request) // 2) :])
    return value if unit is None else obd.Unit.Quantity(value, unit)


@functools.cache
def load(cache_dir: str | None = None) -> ModuleType:
    """Import python-OBD and return it.

    cache_dir keeps pint's parsed unit definitions (some 210 kB), which makes every later start faster. One that a full
    disk or a power cut has damaged is removed, and done without this time.
    """
    if cache_dir is not None:
        try:
            return _import(cache_dir)
        except DAMAGED as error:
            logger.warning(
                "the cache in %s is emptied and done without: %s: %s", cache_dir, type(error).__name__, error
            )
            with contextlib.suppress(OSError):
                for file in Path(cache_dir).glob(CACHED):
                    file.unlink()
    return _import(None)


def _import(cache_dir: str | None) -> ModuleType:
    import pint  # noqa: PLC0415 - a slow import, wanted only by programs that talk to a vehicle

    original = pint.UnitRegistry
    if cache_dir is not None:
        pint.UnitRegistry = functools.partial(original, cache_folder=cache_dir)  # type: ignore[misc, assignment]
    try:
        import obd  # type: ignore[import-untyped]  # noqa: PLC0415 - the same
        import obd.codes  # type: ignore[import-untyped]  # noqa: PLC0415
        import obd.decoders  # type: ignore[import-untyped]  # noqa: PLC0415
    finally:
        pint.UnitRegistry = original  # type: ignore[misc]
    if obd.logger.level == logging.WARNING:
        # Its default. It logs each failed try of a reconnection; the state of the link is reported once, by us.
        obd.logger.setLevel(logging.CRITICAL + 1)
    module: ModuleType = obd
    return module
