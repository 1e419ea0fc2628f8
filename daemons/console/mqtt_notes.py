"""What mqtt-devices says of its devices, for `venus-daemons status`."""

from __future__ import annotations

from typing import Any

from console.table import WIDTH, cut

# Of each kind; the status file has them all.
MAX_NAMES = 10


def describe_mqtt(name: str, report: dict[str, Any]) -> list[str]:
    """Return what the owner of the GX may have to see to; nothing for another daemon, or one that does not run."""
    if name != "mqtt-devices" or report.get("state") != "running":
        return []
    pending = _dict(report, "pending_changes")
    notes = [
        ("broker", _join(_name_brokers(report))),
        ("silent", _join(_list(report, "silent"))),
        ("not answered by the device", _join([f"{path} = {value}" for path, value in pending.items()])),
        ("messages rejected", _count(report, "rejected_messages")),
        ("messages dropped", _count(report, "dropped_messages")),
        *(("file left out", line) for line in _list(report, "definition_mistakes")[:MAX_NAMES]),
    ]
    lines = [cut(f"  {title}: {text}", WIDTH) for title, text in notes if text]
    return ["", f"{name}:", *lines] if lines else []


def _name_brokers(report: dict[str, Any]) -> list[str]:
    """The state of each broker; the one of the GX has no name."""
    own = report.get("broker")
    others = _dict(report, "brokers")
    return ([str(own)] if own else []) + [f"{name} {state}" for name, state in others.items()]


def _join(names: list[str]) -> str:
    rest = len(names) - MAX_NAMES
    return ", ".join(names[:MAX_NAMES]) + (f" and {rest} more" if rest > 0 else "")


def _count(report: dict[str, Any], key: str) -> str:
    count = report.get(key)
    return str(count) if isinstance(count, int) and count else ""


def _list(report: dict[str, Any], key: str) -> list[str]:
    value = report.get(key)
    return [str(one) for one in value] if isinstance(value, list) else []


def _dict(report: dict[str, Any], key: str) -> dict[str, Any]:
    value = report.get(key)
    return value if isinstance(value, dict) else {}
