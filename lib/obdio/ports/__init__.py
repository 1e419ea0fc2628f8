"""Handlers for pyserial's URL scheme, looked up by the name protocol_<scheme>."""
