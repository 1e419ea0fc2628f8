"""How a family is found: the key `probe` of a definition file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from modbus_client.loader.fields import Fields, plain
from modbus_client.loader.registers import TABLES, parse_range
from modbus_client.protocol.definition import Check, Model, Probe
from modbus_client.protocol.spec import MAX_UNIT
from modbus_client.protocol.words import parse_type

if TYPE_CHECKING:
    from modbus_client.protocol.request import Table

METHODS = ("tcp", "udp", "rtu")
_MAX_RATE = 4_000_000


def read_probe(fields: Fields, access: Table) -> Probe:
    """Read one way to find a family."""
    methods = fields.texts("methods")
    if not methods or not set(methods) <= set(METHODS):
        raise fields.error("methods", f"has to be a list of {', '.join(METHODS)}")
    units, rates = fields.integers("units"), fields.integers("rates")
    if not units or not all(1 <= unit <= MAX_UNIT for unit in units):
        raise fields.error("units", f"has to be a list of integers of 1..{MAX_UNIT}")
    if not all(0 < rate <= _MAX_RATE for rate in rates):
        raise fields.error("rates", "has to be a list of baud rates")
    register = fields.fields("register")
    tables, at, word_type = _read_register(register, access)
    models = tuple(_read_model(fields, key) for key in _table(fields, "models").mapping)
    product = tuple((str(key), _model(_table(fields, "product"), key)) for key in _table(fields, "product").mapping)
    probe = Probe(
        methods=methods,  # type: ignore[arg-type]  # checked above
        units=units,
        rates=rates,
        tables=tables,
        at=at,
        type=word_type,
        models=models,
        check=_read_check(fields, access),
        hook=fields.flag("hook"),
        vendor=fields.text("vendor", None),
        chain=fields.integers("chain"),
        product=product,
    )
    fields.close()
    _require_way(fields, probe, has_register=register is not None)
    return probe


def _require_way(fields: Fields, probe: Probe, *, has_register: bool) -> None:
    ways = [has_register, probe.vendor is not None, bool(probe.chain)]
    if sum(ways) != 1:
        raise fields.error("register", "a probe needs exactly one of 'register', 'vendor' (with 'product') and 'chain'")
    if not probe.models and not probe.product:
        raise fields.error("models", "names no model")


def _read_register(fields: Fields | None, access: Table) -> tuple[tuple[Table, ...], int, Any]:
    if fields is None:
        return (access,), 0, parse_type("u16")
    value = fields.get("access", access)
    tables = tuple(value) if isinstance(value, list) else (value,)
    if not tables or not set(tables) <= set(TABLES):
        raise fields.error("access", f"has to be one or a list of {', '.join(TABLES)}")
    word_type = fields.checked("type", lambda: parse_type(fields.text("type")))
    at = fields.integer("at")
    fields.close()
    return tables, at, word_type


def _table(fields: Fields, key: str) -> Fields:
    return fields.fields(key) or Fields(type(fields.mapping)("", 0))


def _read_model(fields: Fields, key: Any) -> tuple[Any, Any, Model]:
    models = _table(fields, "models")
    model = _model(models, key)
    if isinstance(key, str) and ".." in key:
        low, high = models.checked(key, lambda: parse_range(key))
        return low, high, model
    return key, key, model


def _model(models: Fields, key: str | int) -> Model:
    value = models.mapping[key]
    if isinstance(value, str):
        return Model(value)
    fields = models.fields(key)
    if fields is None:  # pragma: no cover - fields() has complained
        raise models.error(key, "has to be a name or a mapping")
    model = Model(
        name=fields.text("name"),
        variant=fields.text("variant", None),
        product_id=fields.integer("product_id", None),
        product_name=fields.text("product_name", None),
        facts=fields.table("facts", plain),
    )
    fields.close()
    return model


def _read_check(fields: Fields, access: Table) -> Check | None:
    check = fields.fields("check")
    if check is None:
        return None
    pattern = check.text("pattern", None)
    if pattern is not None:
        try:
            re.compile(pattern)
        except re.error as error:
            raise check.error("pattern", f"is no regular expression: {error}") from None
    result = Check(
        at=check.integer("at"),
        type=check.checked("type", lambda: parse_type(check.text("type"))),
        table=check.choice("access", TABLES, access),
        minimum=check.number("min", None),
        maximum=check.number("max", None),
        pattern=pattern,
    )
    check.close()
    return result
