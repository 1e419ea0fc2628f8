"""Where a broker is."""

from __future__ import annotations

from dataclasses import dataclass

MQTT_PORT = 1883
MQTT_TLS_PORT = 8883


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerAddress:
    """A broker and how to get in. With a certificate file (of the authority) the connection is TLS."""

    host: str = "127.0.0.1"
    port: int = MQTT_PORT
    user: str | None = None
    password: str | None = None
    certificate: str | None = None
