"""Watching other services: the public names of this part of the library."""

from __future__ import annotations

from velib_async.errors import CallError, PeerError
from velib_async.monitor import Monitor, servicetype
from velib_async.values import make_variant
from velib_async.watched import Item, Service, ServiceHandler

DbusException = PeerError  # aiovelib's name for it

__all__ = ["CallError", "DbusException", "Item", "Monitor", "Service", "ServiceHandler", "make_variant", "servicetype"]
