"""Where a broker is, and how to get in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

MQTT_PORT = 1883
MQTT_TLS_PORT = 8883
# What brokers of Victron take as the user of a token, where no other is named.
TOKEN_USER = "token"  # noqa: S105 - a user name


class MqttVersion(StrEnum):
    """Which MQTT is spoken."""

    AUTO = "auto"  # 5, and 3.1.1 with brokers that refuse that
    FIVE = "5"
    THREE = "3.1.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerAddress:
    """A broker and how to get in. `certificate`: file of the authority; without one those of the system count."""

    host: str = "127.0.0.1"
    port: int = MQTT_PORT
    user: str | None = None
    password: str | None = None
    certificate: str | None = None
    is_tls: bool = False
    client_id: str | None = None
    version: MqttVersion = MqttVersion.AUTO
