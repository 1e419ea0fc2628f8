"""The rooms of STYLE.md: which file may import what. To change a rule, change the tables; the walk below knows none."""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = Path(__file__).parents[1]
ROOTS = ("lib", "daemons", "simulators", "bench", "release")

# Standard modules without clock, files, network, processes or log: all that a protocol needs.
PURE = frozenset(
    """
    __future__ abc base64 binascii bisect collections copy dataclasses decimal enum fractions functools hashlib heapq
    itertools json math operator re string struct types typing zlib
    """.split()  # noqa: SIM905 (a list of one per line hides the table)
)
STDLIB = frozenset(sys.stdlib_module_names) | {"__future__"}
LIBRARIES = frozenset({"velib_async", "daemonkit", "mk2", "obdio"})
SEAMS = ("broker", "line", "port", "car", "web")


@dataclass(frozen=True)
class Room:
    """Files, and what they may import: names of modules, with what is below them; {own} is the file's own package."""

    files: str
    may: frozenset[str] | set[str]
    may_not: frozenset[str] | set[str] = frozenset()
    third_party: int = 0
    """How many third-party libraries one such file may import, whichever they are."""


OWN_PARTS = {f"{{own}}.{seam}" for seam in SEAMS}

# The first room whose pattern fits a file is the file's room.
ROOMS = (
    Room("lib/velib_async/values.py", PURE | {"{own}"}),
    Room("lib/velib_async/_dbus.py", STDLIB | {"{own}", "dbus_fast", "dbus_next"}),
    Room("lib/velib_async/*", STDLIB | {"{own}"}, {"dbus_fast", "dbus_next"}),
    Room("lib/daemonkit/backoff.py", PURE | {"{own}.errors"}),
    Room("lib/daemonkit/ratelimit.py", PURE | {"{own}.errors"}),
    Room("lib/daemonkit/yamlfile.py", STDLIB | {"{own}", "yaml"}),
    Room("lib/daemonkit/*", STDLIB | {"{own}"}),
    Room("lib/mk2/framing.py", PURE | {"{own}"}),
    Room("lib/mk2/frames/*", PURE | {"{own}"}),
    Room("lib/mk2/ram_var.py", PURE | {"{own}"}),
    Room("lib/mk2/setting.py", PURE | {"{own}"}),
    Room("lib/mk2/port.py", STDLIB | {"{own}", "serial", "serial_asyncio"}),
    Room("lib/mk2/*", STDLIB | {"{own}"}),
    Room("lib/obdio/*", STDLIB | {"{own}"}, third_party=1),
    Room("daemons/*/protocol/*", PURE | {"{own}.protocol", "{own}.errors"}),
    *(
        Room(f"daemons/*/{seam}.py", STDLIB | {"{own}.protocol", "{own}.errors", "daemonkit"}, third_party=1)
        for seam in SEAMS
    ),
    Room("daemons/*/publisher.py", STDLIB | LIBRARIES | {"{own}"}, {"{own}.app"} | OWN_PARTS),
    Room("daemons/*/controls.py", STDLIB | LIBRARIES | {"{own}"}, {"{own}.app"} | OWN_PARTS),
    Room("daemons/*/__main__.py", {"__future__", "sys", "daemonkit", "{own}.app", "{own}.options", "{own}"}),
    Room("daemons/*", STDLIB | LIBRARIES | {"{own}"}),
    # Independent of the library that it is there to test.
    Room("simulators/gx/*", STDLIB | {"simulators", "dbus_fast", "aiomqtt", "paho"}),
    Room("simulators/peers/*", STDLIB | {"simulators.peers"}),
    Room("simulators/*", STDLIB | {"simulators"}, third_party=9),  # they run without our libraries, as a judge should
    Room("release/*", STDLIB | {"release"}),
    Room("bench/*", STDLIB | LIBRARIES | {"bench", "simulators"}, third_party=9),
)

# One file, and nobody else, imports the library: its types and exceptions end there.
ONLY_IN = {
    "dbus_fast": ("lib/velib_async/_dbus.py",),
    "dbus_next": ("lib/velib_async/_dbus.py",),
    "yaml": ("lib/daemonkit/yamlfile.py",),
    "aiomqtt": ("daemons/*/broker.py",),
    "paho": ("daemons/*/broker.py",),
    "pymodbus": ("daemons/*/line.py",),
    "serial": ("lib/mk2/port.py", "lib/obdio/*", "daemons/*/port.py", "daemons/*/line.py"),
    "serial_asyncio": ("lib/mk2/port.py", "daemons/*/port.py", "daemons/*/line.py"),
}

# Libraries that show in the interface of another one, and count as one with it.
FAMILIES = {"paho": "aiomqtt", "pint": "obd", "serial": "obd", "serial_asyncio": "serial"}

# `except Exception` hides bugs. It may stand where code that is not ours is called, and at the two places of daemonkit
# that exist to explain or confine a bug. A handler that ends with a bare `raise` is clean-up, and free.
BROAD_HANDLERS = {
    "lib/daemonkit/daemon.py": "explains why the process ends",
    "lib/daemonkit/supervise.py": "confines a bug to one device",
    "lib/velib_async/callbacks.py": "runs the functions of library users; their failure is the answer 1",
    "lib/velib_async/_reader.py": "stands in for the libraries' own reader, which lets no handler end the connection",
    "lib/obdio/connection.py": "runs the functions of library users in python-OBD's thread, which would die of them",
}


def files() -> list[str]:
    return sorted(
        str(path.relative_to(REPOSITORY))
        for root in ROOTS
        for path in (REPOSITORY / root).rglob("*.py")
        if "vendor" not in path.parts
    )


FILES = files()


@cache
def parse(file: str) -> ast.Module:
    return ast.parse((REPOSITORY / file).read_text(), file)


def package_of(file: str) -> str:
    """Name the package that a file belongs to: the directory below lib or daemons."""
    root, package = file.split("/")[:2]
    return package.removesuffix(".py") if root in ("lib", "daemons") else root


def imports(file: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield line and full name of everything imported, also inside functions and for types only."""
    parts = file.removesuffix(".py").split("/")
    dotted = parts[1:] if parts[0] in ("lib", "daemons") else parts
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = dotted[: len(dotted) - node.level] if node.level else []
            module = ".".join([*above, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("importlib.import_module", "__import__"):
            for argument in node.args[:1]:
                if isinstance(argument, ast.Constant):
                    yield node.lineno, str(argument.value)


def is_below(name: str, modules: frozenset[str] | set[str], own: str) -> bool:
    return any(f"{name}.".startswith(f"{module.format(own=own)}.") for module in modules)


def is_third_party(name: str, own: str) -> bool:
    top = name.partition(".")[0]
    return (
        top not in STDLIB | LIBRARIES | {own, "simulators", "tests", "bench", "release"}
        and not (REPOSITORY / "daemons" / top).is_dir()
    )


def find_faults(file: str, tree: ast.Module) -> Iterator[str]:
    own = package_of(file)
    room = next(room for room in ROOMS if fnmatch(file, room.files))
    third_party: set[str] = set()
    for line, name in imports(file, tree):
        top = name.partition(".")[0]
        if top in ONLY_IN and file.startswith(("lib/", "daemons/")) and not any(fnmatch(file, f) for f in ONLY_IN[top]):
            yield f"{file}:{line}: {top} is imported in {', '.join(ONLY_IN[top])} only"
        elif is_below(name, room.may_not, own):
            yield f"{file}:{line}: {name} is closed to the room {room.files}"
        elif room.third_party and is_third_party(name, own):
            third_party.add(FAMILIES.get(top, top))
        elif not is_below(name, room.may, own):
            yield f"{file}:{line}: {name} is not open to the room {room.files}"
        if any(part.startswith("_") and not part.startswith("__") for part in name.split(".")) and top in LIBRARIES - {
            own
        }:
            yield f"{file}:{line}: {name} is private to {top}"
    if len(third_party) > room.third_party:
        yield f"{file}: imports {', '.join(sorted(third_party))}; in the room {room.files} one library has one file"


def find_broad_handlers(file: str, tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.ExceptHandler):
            continue
        caught = [] if node.type is None else ast.unparse(node.type).strip("()").split(", ")
        is_broad = node.type is None or {"Exception", "BaseException"} & set(caught)
        last = node.body[-1]
        if is_broad and not (isinstance(last, ast.Raise) and last.exc is None) and file not in BROAD_HANDLERS:
            yield f"{file}:{node.lineno}: catches everything; name what can happen, or use daemonkit.supervise.fence"


def find_calls(file: str, tree: ast.Module, *names: str) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
            yield f"{file}:{node.lineno}: calls {node.func.id}()"


@pytest.mark.parametrize("file", FILES)
def test_file_imports_only_what_its_room_allows(file: str) -> None:
    assert not list(find_faults(file, parse(file)))


@pytest.mark.parametrize("file", [f for f in FILES if f.startswith(("lib/", "daemons/"))])
def test_nothing_hides_bugs_or_runs_text_as_code(file: str) -> None:
    tree = parse(file)
    calls = ("eval", "exec", "compile", *(("open", "print", "input") if "/protocol/" in file else ()))
    assert not [*find_broad_handlers(file, tree), *find_calls(file, tree, *calls)]


def test_definitions_are_data() -> None:
    assert not [f for f in FILES if "/definitions/" in f]


def test_exceptions_to_the_rule_still_exist() -> None:
    """An entry of BROAD_HANDLERS whose file no longer needs it would let the next one in."""
    present = [file for file in BROAD_HANDLERS if (REPOSITORY / file).exists()]
    assert not [file for file in present if "except Exception" not in (REPOSITORY / file).read_text()]


@pytest.mark.parametrize(
    ("file", "source", "fault"),
    [
        ("daemons/x/protocol/a.py", "import asyncio", "asyncio is not open to the room daemons/*/protocol/*"),
        ("daemons/x/protocol/a.py", "from x.errors import Wrong", None),
        ("daemons/x/protocol/a.py", "from x.publisher import P", "x.publisher.P is not open"),
        ("daemons/x/protocol/deep/a.py", "def f():\n    import time", "deep/a.py:2: time is not open"),
        ("daemons/x/broker.py", "import aiomqtt\nimport requests", "imports aiomqtt, requests"),
        ("daemons/x/broker.py", "import aiomqtt\nfrom x.protocol import status", None),
        ("daemons/x/broker.py", "import velib_async", "velib_async is not open"),
        ("daemons/x/publisher.py", "from .broker import Broker", "x.broker.Broker is closed to the room"),
        ("daemons/x/device.py", "import pymodbus", "pymodbus is imported in daemons/*/line.py only"),
        ("daemons/x/device.py", "from y.protocol import a", "y.protocol.a is not open"),
        ("daemons/x/device.py", "from velib_async._dbus import open", "velib_async._dbus.open is private"),
        ("daemons/x/device.py", "from velib_async import _dbus", "velib_async._dbus is private"),
        ("daemons/x/app.py", "import tests.peers", "tests.peers is not open"),
        ("daemons/x/__main__.py", "from velib_async import open_bus", "velib_async.open_bus is not open"),
        ("lib/velib_async/service.py", "import dbus_fast", "dbus_fast is imported in lib/velib_async/_dbus.py only"),
        ("lib/velib_async/_dbus.py", "import importlib\nimportlib.import_module('daemonkit')", "daemonkit is not open"),
        ("lib/daemonkit/daemon.py", "import velib_async", "velib_async is not open"),
        ("lib/mk2/framing.py", "import asyncio", "asyncio is not open"),
        ("lib/mk2/session.py", "import serial", "serial is imported in lib/mk2/port.py"),
        ("lib/obdio/a.py", "import obd\nimport socketio", "imports obd, socketio"),
        ("simulators/gx/a.py", "from velib_async import service", "velib_async.service is not open"),
    ],
)
def test_walk_finds_what_the_rules_forbid(file: str, source: str, fault: str | None) -> None:
    found = list(find_faults(file, ast.parse(source)))
    assert (fault is None and not found) or (fault is not None and len(found) == 1 and fault in found[0]), found


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("try: f()\nexcept Exception: pass", 1),
        ("try: f()\nexcept: pass", 1),
        ("try: f()\nexcept (OSError, BaseException): pass", 1),
        ("try: f()\nexcept* Exception: pass", 1),
        ("try: f()\nexcept BaseException:\n    g()\n    raise", 0),
        ("try: f()\nexcept OSError: pass", 0),
    ],
)
def test_walk_finds_broad_handlers(source: str, count: int) -> None:
    assert len(list(find_broad_handlers("daemons/x/device.py", ast.parse(source)))) == count
