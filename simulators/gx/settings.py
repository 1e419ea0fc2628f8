"""com.victronenergy.settings: localsettings as Venus programs meet it, oddities included."""

from __future__ import annotations

import asyncio
import logging
import re
from typing import TYPE_CHECKING, Any, Final, Self

from dbus_fast import DBusError, Message, Variant

from simulators.gx.autosave import Autosave
from simulators.gx.connection import Answer, Connection, UnknownMethodError, UnknownObjectError, introspection
from simulators.gx.setting import TYPE_OF_SIGNATURE, Setting, Value
from simulators.gx.settings_file import encode_settings, load_settings, write_settings
from simulators.gx.settings_store import ROOT, AddResult, Request, SettingsStore
from simulators.gx.wire import BUS_ITEM, INVALID_TEXT, below, invalid, to_plain, to_variant

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS_SERVICE: Final = "com.victronenergy.settings"
SETTINGS_INTERFACE: Final = "com.victronenergy.Settings"

SAVE_DELAY_S: Final = 2.0
"""Localsettings writes this long after the first change, so that a burst costs one write to flash."""

_OBJECT_PATH = re.compile(r"(/[A-Za-z0-9_]+)+")
_LOG = logging.getLogger(__name__)


class SettingsSimulator:
    """The settings service on one bus, as an async context manager.

    file keeps the settings between runs (None: memory only). Opening raises ValueError for a damaged file and
    DBusError when the name is taken. Saved SAVE_DELAY_S after the first change, and at the end.
    """

    def __init__(
        self,
        address: str,
        *,
        file: Path | None = None,
        unique_id: str = "c0619ab00000",
        save_delay_s: float = SAVE_DELAY_S,
    ) -> None:
        self._connection = Connection(address, on_call=self._answer)
        self._store = SettingsStore(self._announce)
        self._file = file
        self._unique_id = unique_id
        self._autosave = Autosave(self._save, delay_s=save_delay_s)

    async def __aenter__(self) -> Self:
        if self._file is not None:
            for path, setting in (await asyncio.to_thread(load_settings, self._file)).items():
                self._store.load(path, setting)
        await self._connection.__aenter__()
        try:
            await self._connection.own(SETTINGS_SERVICE)  # last: who waits for the name finds everything in place
        except BaseException:
            await self._connection.__aexit__()
            raise
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self._connection.__aexit__()
        await self._autosave.close()

    async def wait_closed(self) -> None:
        """Return when the bus connection has ended."""
        await self._connection.wait_closed()

    def _announce(self, path: str, setting: Setting | None, with_attributes: bool) -> None:  # noqa: FBT001
        changes = {"Value": invalid(), "Text": Variant("s", INVALID_TEXT)} if setting is None else _item(setting)
        if not with_attributes:
            changes = {key: changes[key] for key in ("Value", "Text")}
        self._connection.emit(path, BUS_ITEM, "PropertiesChanged", "a{sv}", [changes])
        if setting is not None and not setting.silent:
            _LOG.debug("%s = %r", path, setting.value)
        self._autosave.note_change()

    async def _save(self) -> None:
        if self._file is not None:
            content = encode_settings(self._store.settings, self._unique_id)
            await asyncio.to_thread(write_settings, self._file, content)

    def _answer(self, message: Message) -> Answer:
        path = message.path or "/"
        setting = self._store.settings.get(path)
        if setting is not None:
            return self._answer_for_leaf(path, setting, message)
        if self._store.is_group(path):
            return self._answer_for_group(path, message)
        raise UnknownObjectError(path)

    def _answer_for_leaf(self, path: str, setting: Setting, message: Message) -> Answer:
        answer: Answer
        match message.member, message.signature:
            case "GetValue", "":
                answer = "v", [to_variant(setting.value)]
            case "GetText", "":
                answer = "s", [str(setting.value)]
            case "SetValue", "v":
                answer = "i", [0 if self._store.set_value(path, to_plain(message.body[0])) else -1]
            case "GetMin", "":
                answer = "v", [_limit(setting.minimum)]
            case "GetMax", "":
                answer = "v", [_limit(setting.maximum)]
            case "GetDefault", "":
                answer = "v", [to_variant(setting.default)]
            case "SetDefault", "":
                answer = "i", [0 if self._store.set_default(path) else -1]
            case "GetSilent", "":
                answer = "b", [setting.silent]
            case "GetAttributes", "":
                low, high = _limit(setting.minimum), _limit(setting.maximum)
                answer = "vvvi", [to_variant(setting.default), low, high, int(setting.silent)]
            case "Introspect", "":
                answer = introspection([], BUS_ITEM)
            case _:
                raise UnknownMethodError(message)
        return answer

    def _answer_for_group(self, path: str, message: Message) -> Answer:
        body = message.body
        answer: Answer
        match message.member, message.signature:
            case "GetValue", "":
                answer = "v", [Variant("a{sv}", {k: to_variant(s.value) for k, s in self._store.group(path).items()})]
            case "GetText", "":
                answer = "v", [Variant("a{ss}", {k: str(s.value) for k, s in self._store.group(path).items()})]
            case "SetDefault", "":
                answer = "i", [0 if self._store.set_default(path) else -1]
            case "AddSetting" | "AddSilentSetting" as member, "ssvsvv":
                answer = "i", [self._add_one(path, body, silent=member == "AddSilentSetting")]
            case "AddSettings", "aa{sv}":
                answer = "aa{sv}", [[self._add_entry(path, entry) for entry in body[0]]]
            case "RemoveSettings", "as":
                answer = "ai", [[0 if self._store.remove(_join(path, key)) else -1 for key in body[0]]]
            case "GetItems", "" if path == "/":
                answer = "a{sa{sv}}", [{key: _item(setting) for key, setting in self._store.settings.items()}]
            case "Introspect", "":
                answer = introspection({key.split("/")[0] for key in self._store.group(path)}, SETTINGS_INTERFACE)
            case _:
                raise UnknownMethodError(message)
        return answer

    def _add_one(self, path: str, body: list[Any], *, silent: bool) -> int:
        group, name, default, kind, low, high = (to_plain(value) for value in body)
        absolute = _join(path, f"{group or ''}/{name or ''}")
        return self._add(Request(absolute, kind, default, low, high, silent))

    def _add_entry(self, path: str, entry: dict[str, Variant]) -> dict[str, Variant]:
        relative = to_plain(entry.get("path"))
        if not isinstance(relative, str):
            return {"error": Variant("i", AddResult.NO_PATH)}
        default = entry.get("default")
        request = Request(
            path=_join(path, relative),
            kind=None if default is None else TYPE_OF_SIGNATURE.get(default.signature),
            default=to_plain(default),
            minimum=to_plain(entry.get("min")),
            maximum=to_plain(entry.get("max")),
            silent=bool(to_plain(entry.get("silent"))),
        )
        if path == "/" and not relative.startswith(ROOT + "/"):
            result = AddResult.NOT_UNDER_SETTINGS
        else:
            result = self._add(request)
        answer = {"error": Variant("i", result), "path": Variant("s", relative)}
        if result is AddResult.OK:
            answer["value"] = to_variant(self._store.settings[request.path].value)
        return answer

    def _add(self, request: Request) -> AddResult:
        if not _OBJECT_PATH.fullmatch(request.path):
            raise DBusError("org.freedesktop.DBus.Python.ValueError", f"Invalid object path {request.path!r}")
        return self._store.add(request)


def _item(setting: Setting) -> dict[str, Variant]:
    item = {"Value": to_variant(setting.value), "Text": Variant("s", str(setting.value))}
    if setting.minimum is not None:
        item["Min"] = to_variant(setting.minimum)
    if setting.maximum is not None:
        item["Max"] = to_variant(setting.maximum)
    item["Default"] = to_variant(setting.default)
    return item


def _limit(value: Value | None) -> Variant:
    """A limit as GetMin and GetMax give it: an int32 of 0 when this side is open, whatever the setting's type."""
    return to_variant(0 if value is None else value)


def _join(path: str, relative: str) -> str:
    return below(path) + "/".join(part for part in relative.split("/") if part)
