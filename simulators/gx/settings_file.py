"""The settings on disk, in the XML layout that localsettings keeps in /data/conf/settings.xml."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree as ET

from simulators.gx.setting import Setting, Value, convert

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

VERSION: Final = "19"
"""The layout's version; localsettings migrates older files, which a simulator need not."""

_NOT_IN_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Control characters are fine in a D-Bus string, but would make the whole file unreadable."""


def load_settings(path: Path) -> dict[str, Setting]:
    """Read settings by absolute path; an absent file holds none. Raises ValueError for one that is damaged."""
    if not path.exists():
        return {}
    try:
        root = ET.parse(path).getroot()  # noqa: S314 - our own file
        return dict(_settings_below(root, "/" + root.tag))
    except (ET.ParseError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is damaged: {error}; remove it to start with no settings") from error


def _settings_below(element: ET.Element, path: str) -> Iterator[tuple[str, Setting]]:
    for child in element:
        child_path = f"{path}/{child.tag.removeprefix('_')}"
        if "type" in child.attrib:
            yield child_path, _setting(child)
        else:
            yield from _settings_below(child, child_path)


def _setting(element: ET.Element) -> Setting:
    kind = element.attrib["type"]

    def limit(name: str) -> Value | None:
        return convert(kind, element.attrib[name]) if name in element.attrib else None

    return Setting(
        kind=kind,
        default=convert(kind, element.attrib["default"]),
        value=convert(kind, element.text or ""),
        minimum=limit("min"),
        maximum=limit("max"),
        silent=element.get("silent") == "True",
    )


def encode_settings(settings: Mapping[str, Setting], unique_id: str) -> bytes:
    """The file's content for these settings."""
    root = ET.Element("Settings", {"version": VERSION, "unique-id": unique_id})
    groups = {"/Settings": root}
    for key in sorted(settings):
        _append(groups, key, settings[key])
    ET.indent(root)
    content: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return content


def write_settings(path: Path, content: bytes) -> None:
    """Replace the file as a whole, so that a power cut leaves either the old or the new one."""
    new = path.with_name(path.name + ".new")
    with new.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _append(groups: dict[str, ET.Element], path: str, setting: Setting) -> None:
    parent, _, name = path.rpartition("/")
    attributes = {"type": setting.kind, "default": str(setting.default), "silent": str(setting.silent)}
    if setting.minimum is not None:
        attributes["min"] = str(setting.minimum)
    if setting.maximum is not None:
        attributes["max"] = str(setting.maximum)
    element = ET.SubElement(_group(groups, parent), _tag(name), attributes)
    element.text = _NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", str(setting.value))


def _group(groups: dict[str, ET.Element], path: str) -> ET.Element:
    if path not in groups:
        parent, _, name = path.rpartition("/")
        groups[path] = ET.SubElement(_group(groups, parent), _tag(name))
    return groups[path]


def _tag(name: str) -> str:
    """An XML name cannot begin with a digit."""
    return "_" + name if name[:1].isdigit() else name
