"""Serial ports of a GX: which tty is meant, whose it is, and how Venus is asked to let go of it.

serial-starter of Venus tries its drivers on every tty that appears, and keeps the one that fits as the service
/service/<driver>.<tty>. Two programs on one tty each get half of every answer, so a port that Venus uses is opened only
when the user has said that it is ours.
"""

from __future__ import annotations

import asyncio
import logging
import re
from dataclasses import dataclass
from pathlib import Path

from daemonkit.atomicfile import replace_file
from daemonkit.errors import LinkLost

BUILT_IN_NAMES = ("ttyS", "ttymxc", "ttyO", "ttyAMA")
"""Ports of the board itself: consoles, VE.Direct, VE.Bus. They are for the drivers of Venus."""
BUILT_IN_PRODUCT = "builtin-"
"""How udev's VE_PRODUCT of such a port begins on a GX."""
PROGRAM_LIMIT_S = 15.0
"""Stopping a driver takes a second or two; one that hangs must not hold us up for ever."""
FREE_LIMIT_S = 5.0
FREE_POLL_S = 0.25
STATUS_PID = slice(12, 16)
"""Where daemontools' supervise/status has the process id, little endian; 0: it is down."""

_log = logging.getLogger(__name__)


class PortTaken(LinkLost):
    """The port belongs to Venus; the text says what would make it ours."""


@dataclass(frozen=True, slots=True)
class VenusPlaces:
    """Where a GX keeps what it knows of ttys. Elsewhere none of it exists, and every tty is free."""

    stop_tty: Path = Path("/opt/victronenergy/serial-starter/stop-tty.sh")
    probed: Path = Path("/dev/serial-starter")
    """Has an entry for each tty that serial-starter still tries programs on."""
    services: Path = Path("/service")
    records: Path = Path("/run/udev/data")
    """udev's properties of each device, by its numbers."""
    rules: Path = Path("/run/udev/rules.d")


VENUS = VenusPlaces()


def find_tty(name: str) -> Path:
    """Return the device behind a tty ("ttyUSB0", "/dev/ttyUSB0") or a link to it in /dev/serial.

    Raises:
        LinkLost: it is not there.
    """
    path = Path(name if name.startswith("/") else f"/dev/{name}")
    real = path.resolve()
    if not real.exists():
        raise LinkLost(f"{path} is not there; is the adapter plugged in?")
    return real


def is_built_in(name: str, venus: VenusPlaces = VENUS) -> bool:
    """Tell whether a tty is a port of the board itself."""
    tty = Path(name if name.startswith("/") else f"/dev/{name}").resolve()
    return tty.name.startswith(BUILT_IN_NAMES) or read_record(tty, venus).get("VE_PRODUCT", "").startswith(
        BUILT_IN_PRODUCT
    )


def read_record(tty: Path, venus: VenusPlaces = VENUS) -> dict[str, str]:
    """Return udev's properties of a device; empty where there is no udev."""
    try:
        number = tty.stat().st_rdev
        text = (venus.records / f"c{number >> 8 & 0xFFF}:{number & 0xFF | number >> 12 & 0xFFF00}").read_text("utf-8")
    except (OSError, ValueError):
        return {}
    properties = (line[2:].partition("=") for line in text.splitlines() if line.startswith("E:"))
    return {key: value for key, _, value in properties}


def find_users(tty: Path, venus: VenusPlaces = VENUS) -> list[str]:
    """Return what of Venus uses a tty: its services that are up on it, "serial-starter" when that still tries some."""
    users = [path.name for path in sorted(venus.services.glob(f"*.{tty.name}")) if _is_up(path)]
    return users if users or not (venus.probed / tty.name).is_symlink() else ["serial-starter"]


def _is_up(service: Path) -> bool:
    try:
        return any((service / "supervise" / "status").read_bytes()[STATUS_PID])
    except OSError:
        return False


async def claim_tty(
    name: str, owner: str, *, take: bool, allow_built_in: bool = False, venus: VenusPlaces = VENUS
) -> Path:
    """Return the device behind a tty or link, once it may be opened. To be called before each opening.

    Args:
        name: as configured.
        owner: the daemon's name, for the rule that udev gets.
        take: the user says that it is ours: Venus is made to let go of it, now and when it is plugged in again.
        allow_built_in: it may be a port of the board.
        venus: for tests.

    Raises:
        PortTaken: Venus has it, and it is not to be taken; or Venus does not let go.
        LinkLost: it is not there.
    """
    tty = find_tty(name)
    if not allow_built_in and is_built_in(str(tty), venus):
        raise PortTaken(f"{name} is a port of the board itself; set allow_builtin_port if nothing of Venus uses it")
    users = find_users(tty, venus)
    if take:
        await _stop_venus(tty, users, venus)
        await _keep_venus_off(tty, owner, venus)
        users = await _wait_free(tty, venus)
    if users:
        cure = "it does not let go" if take else "set take_tty if the port is ours, or choose another one"
        raise PortTaken(f"{name} ({tty.name}) is used by {', '.join(users)} of Venus: {cure}")
    return tty


async def _stop_venus(tty: Path, users: list[str], venus: VenusPlaces) -> None:
    if not venus.stop_tty.exists():
        return
    # Always: what it does beyond stopping services is not documented.
    code = await _run(str(venus.stop_tty), tty.name)
    if code:
        _log.warning("%s %s ended with %d; Venus may still use the tty", venus.stop_tty, tty.name, code)
    elif users:
        _log.info("took %s from %s of Venus", tty.name, ", ".join(users))


async def _wait_free(tty: Path, venus: VenusPlaces) -> list[str]:
    """Return who still uses the tty after some seconds."""
    for _ in range(int(FREE_LIMIT_S / FREE_POLL_S)):
        if not find_users(tty, venus):
            break
        await asyncio.sleep(FREE_POLL_S)
    return find_users(tty, venus)


async def _keep_venus_off(tty: Path, owner: str, venus: VenusPlaces) -> None:
    """Have udev tell serial-starter to ignore this adapter when it is plugged in again. In RAM: until the next boot."""
    record = read_record(tty, venus)
    serial = record.get("ID_SERIAL", "")
    # Other characters would be a pattern for udev. Without a serial number in it all adapters of this kind are meant.
    if not re.fullmatch(r"[\w.:+@=#-]+", serial):
        return
    match = f'SUBSYSTEM=="tty", ENV{{ID_SERIAL}}=="{serial}"'
    if interface := record.get("ID_USB_INTERFACE_NUM"):
        match += f', ENV{{ID_USB_INTERFACE_NUM}}=="{interface}"'
    text = f'# {owner}: {tty.name}\n{match}, ENV{{VE_SERVICE}}="ignore"\n'
    plain = re.sub(r"[^A-Za-z0-9_-]", "_", f"{serial}-{record.get('ID_USB_INTERFACE_NUM', '')}")
    file = venus.rules / f"99-venus-daemons-{owner}-{plain}.rules"
    try:
        if file.exists() and file.read_text("utf-8") == text:
            return
        replace_file(file, text.encode(), durable=False)
    except OSError as error:
        _log.warning("%s cannot be written: %s; Venus will try %s again when it is replugged", file, error, tty.name)
        return
    await _run("udevadm", "control", "--reload")


async def _run(*command: str) -> int:
    """Run a program of Venus; return its exit code, -1 when it hangs or is not there."""
    nothing = asyncio.subprocess.DEVNULL
    try:
        process = await asyncio.create_subprocess_exec(*command, stdin=nothing, stdout=nothing, stderr=nothing)
    except OSError:
        return -1
    try:
        async with asyncio.timeout(PROGRAM_LIMIT_S):
            return await process.wait()
    except TimeoutError:
        return -1
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
