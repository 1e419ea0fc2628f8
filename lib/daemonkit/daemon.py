"""The life of a daemon process, from its command line to its exit code."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from daemonkit import yamlfile
from daemonkit.context import Context, Paths
from daemonkit.errors import DaemonError
from daemonkit.instance import AlreadyRunning, InstanceLock
from daemonkit.logs import configure_logging
from daemonkit.options import make_parser
from daemonkit.restarts import RestartDelay
from daemonkit.status import StatusFile
from daemonkit.stopping import Stop
from daemonkit.version import read_version
from daemonkit.watchdog import StallWatchdog
from daemonkit.yamlvalues import YamlMapping

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from daemonkit.program import Program

EXIT_BUG = 1
GOOD_RUN_S = 60.0  # a daemon that ran this long has started well: earlier failures are forgotten
SECOND_COPY_DELAY_S = 10.0  # of a copy that found another one running: it failed, but the other's record is not its own

_log = logging.getLogger(__name__)


def run(program: Program, argv: Sequence[str] | None = None) -> int:
    """Run a daemon until it is stopped or fails; return its exit code.

    0: stopped by a signal, 1: failed, 2: wrong command line, configuration or definition.
    A failing start returns only after the delay of daemonkit.restarts, so that supervise never spins; at a terminal
    there is no delay.
    """
    with contextlib.suppress(OSError):  # nothing to be slowed down by bin/run-daemon: from here on delays are ours
        (Paths.find().run / f"{program.name}.unborn").unlink()
    version = read_version()
    try:
        arguments = make_parser(program, version).parse_args(argv)
    except SystemExit as end:
        if end.code:
            _hold_back(program, Stop())
        raise
    configure_logging(debug=arguments.debug)
    try:
        context = _make_context(program, version, arguments)
        if arguments.check is not None:
            return _check(program, context)
    except DaemonError as error:
        _log.error("%s", error)
        if arguments.check is None:
            _hold_back(program, Stop())
        return error.exit_code
    return _live(program, context)


def _make_context(program: Program, version: str, arguments: argparse.Namespace) -> Context:
    paths = Paths.find(config=arguments.config)
    file = paths.config / f"{program.name}.yml"
    return Context(
        name=program.name,
        version=version,
        arguments=arguments,
        paths=paths,
        bus_address=arguments.dbus,
        bus_library=arguments.dbus_library,
        config=yamlfile.load(file) if file.exists() else YamlMapping(str(file), 0),
        status=StatusFile(
            paths.run / f"{program.name}.json",
            daemon=program.name,
            version=version,
            pid=os.getpid(),
            started=int(time.time()),
        ),
    )


def _check(program: Program, context: Context) -> int:
    for line in program.check(context, Path(context.arguments.check) if context.arguments.check else None):
        sys.stdout.write(f"{line}\n")
    return 0


def _live(program: Program, context: Context) -> int:
    stop = Stop()
    stop.install()
    restarts = _restart_delay(program)
    try:
        with InstanceLock(context.paths.run / f"{program.name}.lock"):
            stop.sleep(restarts.begin())
            code = 0 if stop.requested else _run_loop(program, context, stop, restarts)
            context.status.close(state="stopped" if stop.requested else "failed", exit_code=code)
    except AlreadyRunning as error:
        _log.error("%s", error)
        stop.sleep(0.0 if sys.stdout.isatty() else SECOND_COPY_DELAY_S)
        return error.exit_code
    except DaemonError as error:
        _log.error("%s", error)
        code = error.exit_code
    if stop.requested:
        restarts.succeeded()
    else:
        _hold_back(program, stop)
    return code


def _run_loop(program: Program, context: Context, stop: Stop, restarts: RestartDelay) -> int:
    python = sys.version.partition(" ")[0]
    _log.info("%s %s starts, pid %d, Python %s", program.name, context.version, os.getpid(), python)
    try:
        with asyncio.Runner() as runner:
            runner.run(_run_main(program, context, stop, restarts))
    except asyncio.CancelledError:
        if not stop.requested:
            _log.critical("%s cancelled itself", program.name)
            return EXIT_BUG
    except Exception as error:  # noqa: BLE001 (the one place where every end is explained)
        return _explain(error, program.expected)
    finally:
        stop.detach()
        stop.end_limit()
    if stop.requested:
        _log.info("stopped")
    else:
        _log.warning("%s has ended by itself", program.name)
    return 0


async def _run_main(program: Program, context: Context, stop: Stop, restarts: RestartDelay) -> None:
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    if task is None:
        raise AssertionError("a coroutine that runs has a task")
    stop.attach(loop, task)
    good_run = loop.call_later(GOOD_RUN_S, restarts.succeeded)
    context.status.update(state="running")
    with StallWatchdog(loop):
        try:
            await program.main(context)
        finally:
            good_run.cancel()
            # What main left behind (tasks, threads of the executor) is ended by the Runner: within the same limit.
            stop.limit_clean_up()


def _explain(error: Exception, expected: tuple[type[BaseException], ...]) -> int:
    """Log why the daemon ends, and return its exit code."""
    leaves = list(_leaves(error))
    if not all(isinstance(leaf, (DaemonError, *expected)) for leaf in leaves):
        _log.critical("ends because of a bug; please report the lines below", exc_info=error)
        return EXIT_BUG
    for leaf in leaves:
        _log.error("%s: %s", type(leaf).__name__, leaf)
    return max((leaf.exit_code for leaf in leaves if isinstance(leaf, DaemonError)), default=1)


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error


def _hold_back(program: Program, stop: Stop) -> None:
    """Wait before a failing process exits, unless somebody watches it."""
    delay_s = _restart_delay(program).failed()
    if sys.stdout.isatty():
        return
    stop.install()
    _log.info("exit in %g s", delay_s)
    stop.sleep(delay_s)


def _restart_delay(program: Program) -> RestartDelay:
    return RestartDelay(Paths.find().run / f"{program.name}.restarts")
