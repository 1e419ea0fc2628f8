"""Loads definitions/*.yml: services and rates. The loader is the validator."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from daemonkit.errors import DefinitionError
from daemonkit.yamlfile import YamlList, YamlMapping, load
from obd_server.link_readings import LAST_CONTACT, STARTER_BATTERY_LOW
from obd_server.protocol.definition import PathDefinition, ServiceDefinition

DEFINITIONS = Path(__file__).with_name("definitions")
SERVICE_KEYS = ("type", "unique", "product_id", "product_name", "default", "needs", "logic", "paths")
PATH_KEYS = (
    "from", "or", "link", "logic", "setting", "constant", "kind", "unit", "decimals", "dead_band", "minimum", "maximum"
)  # fmt: skip
KINDS = ("float", "int", "text")
LOGICS = {"tank": ("level", "remaining", "fluid_type", "status", "low_alarm")}
"""Classes of protocol/ that compute paths, and what they compute."""
LINK_READINGS = (STARTER_BATTERY_LOW, LAST_CONTACT)
FASTEST_S = 0.05
SLOWEST_S = 86_400.0


def load_services(path: Path = DEFINITIONS / "services.yml") -> dict[str, ServiceDefinition]:
    """Return the services by key. Raises DefinitionError."""
    file = load(path)
    return {key: _service(key, file.fetch(key, YamlMapping)) for key in file}


def load_rates(path: Path = DEFINITIONS / "rates.yml") -> dict[str, float]:
    """Return seconds by command; "default" for the rest. Raises DefinitionError."""
    file = load(path)
    file.fetch("default", float)
    return {name: file.fetch(name, float, minimum=FASTEST_S, maximum=SLOWEST_S) for name in file}


def texts(mapping: YamlMapping, key: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return a list of texts. Raises DefinitionError."""
    if key not in mapping:
        return default
    values = mapping.fetch(key, YamlList)
    for index, value in enumerate(values):
        if not isinstance(value, str):
            raise DefinitionError(values.where(index), key, f"has to be a list of texts, not {value!r}")
    return tuple(values)


def _service(key: str, entry: YamlMapping) -> ServiceDefinition:
    entry.refuse_others(SERVICE_KEYS)
    logic = entry.fetch("logic", str, None, choices=LOGICS)
    paths = entry.fetch("paths", YamlMapping)
    needs = texts(entry, "needs")
    if not needs:
        raise DefinitionError(entry.where(), "needs", "has to name at least one command")
    return ServiceDefinition(
        key=key,
        type=entry.fetch("type", str),
        unique=entry.fetch("unique", str),
        product_id=entry.fetch("product_id", int, minimum=0, maximum=0xFFFF),
        product_name=entry.fetch("product_name", str),
        is_default=entry.fetch("default", bool),
        needs=needs,
        paths=tuple(_path(path, paths.fetch(path, YamlMapping), LOGICS.get(logic or "", ())) for path in paths),
        logic=logic,
    )


def _path(path: str, entry: YamlMapping, logics: tuple[str, ...]) -> PathDefinition:
    entry.refuse_others(PATH_KEYS)
    given = [key for key in ("from", "link", "logic", "setting", "constant") if key in entry]
    if len(given) != 1 and given != ["logic", "setting"]:
        raise DefinitionError(entry.where(), path, "needs one of from, link, logic, setting, constant")
    return PathDefinition(
        path=path,
        source=entry.fetch("from", str, None),
        fallback=entry.fetch("or", str, None),
        link=entry.fetch("link", str, None, choices=LINK_READINGS),
        logic=entry.fetch("logic", str, None, choices=logics) if "logic" in entry else None,
        setting=_scalar(entry, "setting"),
        constant=_scalar(entry, "constant"),
        kind=entry.fetch("kind", str, "float", choices=KINDS),
        unit=entry.fetch("unit", str, ""),
        decimals=entry.fetch("decimals", int, None, minimum=0, maximum=6),
        dead_band=entry.fetch("dead_band", float, 0.0, minimum=0),
        minimum=entry.fetch("minimum", float, None),
        maximum=entry.fetch("maximum", float, None),
    )


def _scalar(entry: YamlMapping, key: str) -> Any:
    value = entry.get(key)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float | str)):
        raise DefinitionError(entry.where(key), key, f"has to be a number or text, not {value!r}")
    return value
