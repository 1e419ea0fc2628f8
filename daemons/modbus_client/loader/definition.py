"""One definition file as a whole."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from modbus_client.loader.controls import read_command, read_derived, read_errors, read_power_limit, read_tank
from modbus_client.loader.fields import Fields, plain
from modbus_client.loader.probes import read_probe
from modbus_client.loader.registers import Defaults, read_entry, read_type_alias
from modbus_client.protocol.definition import Definition, Identity, Packing, Roles, Timing

if TYPE_CHECKING:
    from daemonkit.yamlvalues import YamlMapping
    from modbus_client.protocol.entry import Entry
    from modbus_client.protocol.request import Table

SCHEMA = 1
FEATURES = {"custom_name", "energy_meter", "genset"}
ROLES = ("grid", "pvinverter", "genset", "acload", "evcharger", "heatpump")
UNKNOWN_PRODUCT = 0xFFFF
"""What Venus takes for a product that Victron gave no number."""
_WORD = re.compile(r"[a-z0-9]+")
_DOCUMENTATION = ("sources", "tested", "notes", "caveats", "requirements")


def read_definition(mapping: YamlMapping, name: str, hooks: tuple[str, ...]) -> Definition:
    """Return the family that a file describes. Raises DefinitionError."""
    fields = Fields(mapping)
    if fields.integer("schema") != SCHEMA:
        raise fields.error("schema", f"has to be {SCHEMA}")
    _require_sources(fields)
    vendor, product = fields.fields("vendor"), fields.fields("product")
    if vendor is None or product is None:
        raise fields.error("vendor" if vendor is None else "product", "is missing")
    access: Table = fields.choice("access", ("holding", "input"), "holding")
    timing = _read_timing(fields.fields("timing"))
    types = {key: read_type_alias(alias) for key, alias in _each(fields, "types")}
    defaults = Defaults(access, timing, types)
    definition = Definition(
        name=name,
        vendor_id=vendor.text("id"),
        vendor_name=vendor.text("name"),
        device_type=fields.text("type"),
        product_id=product.integer("id", UNKNOWN_PRODUCT),
        product_name=product.text("name", None),
        access=access,
        roles=_read_roles(fields.fields("role"), fields),
        identity=_read_identity(fields.fields("identity"), fields),
        probes=tuple(read_probe(probe, access) for probe in fields.items("probe")),
        timing=timing,
        packing=_read_packing(fields.fields("packing")),
        features=_read_features(fields),
        error_ids=fields.integer("error_ids", 0, high=8),
        error_offset=fields.integer("error_offset", 0),
        vreg_block=_read_vreg_block(fields.fields("vreglink")),
        mdns=fields.texts("mdns"),
        variables=_entries(fields, "variables", defaults),
        info=_entries(fields, "info", defaults),
        data=_entries(fields, "data", defaults),
        variants=_read_variants(fields, defaults),
        facts=_read_facts(fields),
        statics=fields.table("statics", plain),
        derived=tuple(read_derived(each) for each in fields.items("derived")),
        commands=tuple(read_command(each) for each in fields.items("commands")),
        errors=tuple(read_errors(each, access) for each in fields.items("errors")),
        tanks=tuple(read_tank(each, defaults) for each in fields.items("tanks")),
        power_limit=_read_limit(fields, defaults),
        sleeps_at_night=fields.flag("sleeps_at_night"),
        hook=fields.choice("hook", hooks, None),
    )
    vendor.close()
    product.close()
    fields.close()
    if not definition.probes:
        raise fields.error("probe", "is missing: without it the family cannot be recognised")
    return definition


def _require_sources(fields: Fields) -> None:
    if not fields.texts("sources"):
        raise fields.error("sources", "is missing: where the register map comes from")
    for key in _DOCUMENTATION:
        fields.texts(key)


def _entries(fields: Fields, key: str, defaults: Defaults) -> tuple[Entry, ...]:
    return tuple(read_entry(entry, defaults) for entry in fields.items(key))


def _each(fields: Fields, key: str) -> list[tuple[str, Fields]]:
    inner = fields.fields(key)
    if inner is None:
        return []
    named = [(str(name), inner.fields(name)) for name in inner.mapping]
    return [(name, each) for name, each in named if each is not None]


def _read_variants(fields: Fields, defaults: Defaults) -> dict[str, tuple[Entry, ...]]:
    inner = fields.fields("variants")
    return {} if inner is None else {str(key): _entries(inner, str(key), defaults) for key in inner.mapping}


def _read_facts(fields: Fields) -> dict[str, Any]:
    facts = fields.table("facts", plain)
    if "phases" in fields:
        facts["phases"] = fields.integer("phases", low=1, high=3)
    return facts


def _read_timing(fields: Fields | None) -> Timing:
    if fields is None:
        return Timing()
    timing = Timing(
        timeout_s=fields.number("timeout", 0.5),
        age_s=fields.number("age", 4.0),
        fast_age_s=fields.number("fast_age", 1.0),
        refresh_ms=fields.integer("refresh_ms", None, low=1),
    )
    fields.close()
    return timing


def _read_packing(fields: Fields | None) -> Packing:
    if fields is None:
        return Packing()
    packing = Packing(
        gap=fields.integer("gap", None, high=124),
        barriers=tuple(sorted(fields.integers("barriers"))),
        max_count=fields.integer("max", 125, low=1, high=125),
    )
    fields.close()
    return packing


def _read_roles(fields: Fields | None, parent: Fields) -> Roles:
    if fields is None:
        raise parent.error("role", "is missing")
    allowed = fields.texts("allowed")
    if not set(allowed) <= set(ROLES):
        raise fields.error("allowed", f"has to be a list of {', '.join(ROLES)}")
    default = fields.choice("default", ROLES)
    roles = Roles(default, fields.integer("instance", 40, high=255), allowed, fields.text("from", None))
    fields.close()
    return roles


def _read_identity(fields: Fields | None, parent: Fields) -> Identity:
    if fields is None:
        raise parent.error("identity", "is missing")
    prefix = fields.text("prefix")
    if not _WORD.fullmatch(prefix):
        raise fields.error("prefix", "has to be lower-case letters and digits")
    identity = Identity(prefix, fields.choice("from", ("serial", "model", "name"), "serial"))
    fields.close()
    return identity


def _read_features(fields: Fields) -> frozenset[str]:
    features = frozenset(fields.texts("features"))
    if not features <= FEATURES:
        raise fields.error("features", f"has to be a list of {', '.join(sorted(FEATURES))}")
    return features


def _read_vreg_block(fields: Fields | None) -> tuple[int, int] | None:
    if fields is None:
        return None
    block = (fields.integer("at"), fields.integer("size", 32, low=1, high=120))
    fields.close()
    return block


def _read_limit(fields: Fields, defaults: Defaults) -> Any:
    limit = fields.fields("power_limit")
    return None if limit is None else read_power_limit(limit, defaults)
