"""What a definition file cannot say, one family per file; each is a generator of requests, without I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modbus_client.hooks.cre import CreHook
from modbus_client.hooks.em24 import Em24Hook
from modbus_client.hooks.smappee import SmappeeHook

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modbus_client.protocol.identify import Hook

HOOKS: Mapping[str, Hook] = {"cre": CreHook(), "em24": Em24Hook(), "smappee": SmappeeHook()}
"""By the name that a definition's key `hook` gives."""
