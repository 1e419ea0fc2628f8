"""The default events: what each takes, does and answers. Knows nothing of Socket.IO."""

from __future__ import annotations

import asyncio
import glob
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from obdio.arguments import names_in, one_name
from obdio.encoding import plain
from obdio.errors import NotConnected, Refused, UnknownCommand
from obdio.replies import describe_link, masked, wait
from obdio.snapshot import Snapshot
from obdio.table import CLEAR, Table

if TYPE_CHECKING:
    from obdio.connection import Connection
    from obdio.policy import Policy

FRESH_S = 3.0
"""A watched value younger than this answers a query without asking the vehicle again."""
PORT_PATTERNS = ("/dev/serial/by-id/*", "/dev/rfcomm[0-9]*", "/dev/ttyUSB[0-9]*", "/dev/ttyACM[0-9]*")


class Host(Protocol):
    """What the events need of the server around them."""

    connection: Connection | None
    policy: Policy

    async def watch(self, sid: str, names: list[str]) -> None:
        """Push the values of names to the client from now on."""

    async def unwatch(self, sid: str, names: list[str] | None) -> None:
        """Stop pushing names, or everything, to the client."""

    async def pause(self, sid: str, is_paused: bool) -> None:  # noqa: FBT001 - the whole meaning
        """Stop or resume pushing to the client."""

    def watched(self, sid: str) -> set[str]:
        """Return what the client watches."""

    async def tell_all(self, event: str, *data: Any) -> None:
        """Send an event to every client."""


Handler = Callable[..., Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its handler; whether it is answered by an event of its name as well as by the acknowledgement."""

    handler: Handler
    is_answered: bool


class Events:
    """The default events of one server."""

    def __init__(self, host: Host) -> None:
        self._host = host
        answered = (
            "status is_connected port_name protocol_id protocol_name supported_commands supports query has_name close "
            "available_ports all_protocols all_dtcs get_command get_dtc clear_dtc all_commands link_state rights"
        )
        silent = "start stop watch unwatch unwatch_all"
        self.table: Mapping[str, Event] = {
            name: Event(getattr(self, name), is_answered)
            for names, is_answered in ((answered, True), (silent, False))
            for name in names.split()
        }

    async def status(self, _sid: str, *_args: Any) -> str:
        """Answer with python-OBD's word for the state."""
        return self._snapshot().status

    async def is_connected(self, _sid: str, *_args: Any) -> bool:
        """Answer whether the vehicle answers."""
        return self._host.connection is not None and self._host.connection.is_connected()

    async def port_name(self, _sid: str, *_args: Any) -> str:
        """Answer with the port in use."""
        return self._host.connection.port_name() if self._host.connection else ""

    async def protocol_id(self, _sid: str, *_args: Any) -> str:
        """Answer with ELM's number of the protocol."""
        return self._snapshot().protocol_id

    async def protocol_name(self, _sid: str, *_args: Any) -> str:
        """Answer with the name of the protocol."""
        return self._snapshot().protocol_name

    async def link_state(self, _sid: str, *_args: Any) -> dict[str, Any]:
        """Answer with the state in detail."""
        return describe_link(self._snapshot())

    async def rights(self, sid: str, *_args: Any) -> dict[str, bool]:
        """Answer with what the client may do."""
        policy = self._host.policy
        return {
            "write": policy.may_write(sid),
            "clear_dtc": policy.may_clear(sid),
            "private": policy.sees_private(sid),
        }

    async def supported_commands(self, _sid: str, *_args: Any) -> list[Any]:
        """Answer with the commands that the vehicle answers, in the order of their requests."""
        commands = self._host.connection.supported_commands if self._host.connection else set()
        return [plain(command) for command in sorted(commands, key=lambda command: (command.command, command.name))]

    async def supports(self, _sid: str, *args: Any) -> bool:
        """Answer whether the vehicle answers a command."""
        return self._connection().supports(self._table().find(one_name(args)))

    async def has_name(self, _sid: str, *args: Any) -> bool:
        """Answer whether there is a command of this name."""
        try:
            self._table().find(one_name(args))
        except UnknownCommand:
            return False
        return True

    async def query(self, sid: str, *args: Any) -> Any:
        """Answer with the value of a command: the last one while it is watched, else asked of the vehicle now."""
        name = self._readable(one_name(args))
        connection = self._connection()
        response = connection.last(name, FRESH_S)
        if response is None:
            response = await wait(connection.worker.query(name))
        return masked(plain(response), name, self._host.policy.sees_private(sid))

    async def watch(self, sid: str, *args: Any) -> list[str]:
        """Push values of commands to the client; answers with all that it watches. All or nothing."""
        names = [self._readable(name) for name in names_in(args)]
        connection = self._connection()
        supported = connection.snapshot.supported
        missing = [name for name in names if supported and name not in supported]
        if missing:
            raise Refused(f"not supported by this vehicle: {', '.join(missing)}")
        if len(self._host.watched(sid) | set(names)) > self._host.policy.max_watches:
            raise Refused(f"a client may watch {self._host.policy.max_watches} commands")
        await self._host.watch(sid, names)
        return sorted(self._host.watched(sid))

    async def unwatch(self, sid: str, *args: Any) -> list[str]:
        """Stop pushing commands to the client; answers with all that it still watches."""
        names = names_in(args)
        for name in names:
            self._table().find(name)
        await self._host.unwatch(sid, names)
        return sorted(self._host.watched(sid))

    async def unwatch_all(self, sid: str, *_args: Any) -> None:
        """Stop pushing anything to the client."""
        await self._host.unwatch(sid, None)

    async def start(self, sid: str, *_args: Any) -> None:
        """Resume: for everybody with write rights, else for the client."""
        if self._host.policy.may_write(sid):
            self._connection().start()
        await self._host.pause(sid, is_paused=False)

    async def stop(self, sid: str, *_args: Any) -> None:
        """Pause: for everybody with write rights, else for the client."""
        if self._host.policy.may_write(sid):
            self._connection().stop()
        else:
            await self._host.pause(sid, is_paused=True)

    async def close(self, sid: str, *_args: Any) -> None:
        """Close the link with write rights and tell everybody; else only drop the client's own watches."""
        if self._host.policy.may_write(sid) and self._host.connection is not None:
            self._host.connection.close()
            await self._host.tell_all("obd_closed")
        else:
            await self._host.unwatch(sid, None)

    async def available_ports(self, _sid: str, *_args: Any) -> list[str]:
        """Answer with the serial ports there are; none is opened for this."""
        return sorted(path for pattern in PORT_PATTERNS for path in glob.glob(pattern))  # noqa: PTH207 - device names

    async def all_protocols(self, _sid: str, *_args: Any) -> list[Any]:
        """Answer with every protocol that python-OBD speaks."""
        return [plain(protocol) for protocol in self._table().protocols()]

    async def all_commands(self, _sid: str, *_args: Any) -> list[Any]:
        """Answer with every command by mode."""
        return [[plain(command) for command in mode if command.name != CLEAR] for mode in self._table().modes()]

    async def all_dtcs(self, _sid: str, *_args: Any) -> dict[str, str]:
        """Answer with the text of every generic trouble code."""
        return self._table().trouble_codes()

    async def get_command(self, _sid: str, *args: Any) -> Any:
        """Answer with one command."""
        return plain(self._table().find(one_name(args)))

    async def get_dtc(self, _sid: str, *args: Any) -> list[str]:
        """Answer with a trouble code and its text, in the form of GET_DTC."""
        code = one_name(args).upper()
        return [code, self._table().trouble_codes().get(code, "")]

    async def clear_dtc(self, sid: str, *args: Any) -> dict[str, Any]:
        """Erase trouble codes: needs the switch, write rights, {confirm: number of stored codes}, engine off."""
        if not self._host.policy.may_clear(sid):
            raise Refused("clearing trouble codes is switched off, or not among your rights")
        connection = self._connection()
        worker = connection.worker
        saved = plain({name: await wait(worker.query(name)) for name in ("GET_DTC", "GET_CURRENT_DTC", "STATUS")})
        codes = (saved["GET_DTC"] or {}).get("value")
        if codes is None:
            raise Refused("the stored codes could not be read, so they cannot be kept: try again")
        count = len(codes)
        confirm = args[0].get("confirm") if args and isinstance(args[0], dict) else None
        if isinstance(confirm, bool) or confirm != count:
            raise Refused(f"confirm with {{'confirm': {count}}}, the number of stored codes")
        try:
            await asyncio.to_thread(self._host.policy.audit, sid, "clearing trouble codes", saved)
        except OSError as error:
            raise Refused(f"the record of it cannot be written: {error.strerror}") from None
        await wait(worker.clear_codes())
        connection.forget()  # who asks now must not get the codes of three seconds ago
        return {"cleared": True, "saved": saved}

    def _connection(self) -> Connection:
        if self._host.connection is None:
            raise NotConnected("no vehicle link was opened yet: call connect_obd()")
        return self._host.connection

    def _table(self) -> Table:
        table = self._connection().worker.table
        if table is None:
            raise NotConnected("the server is still starting: try again in a second")
        return table

    def _snapshot(self) -> Snapshot:
        return self._host.connection.snapshot if self._host.connection else Snapshot()

    def _readable(self, name: str) -> str:
        if not self._table().is_readable(self._table().find(name)):
            raise Refused(f"{name} does not only read, so it can be neither watched nor queried")
        return name
