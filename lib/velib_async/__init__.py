"""D-Bus as Victron's Venus OS speaks it, for asyncio: services, watching services, settings.

See docs/velib_async.md for a guide. The names listed here, and those of the modules `service`, `client`,
`localsettings`, `vreglink`, `mandatory`, `memory`, `bus` and `errors` without a leading underscore, are stable.
"""

from __future__ import annotations

from velib_async.bus import Bus, open_bus
from velib_async.errors import BusLost, CallError, CallTimeout, NameTaken, SettingError, VelibError

__all__ = ["Bus", "BusLost", "CallError", "CallTimeout", "NameTaken", "SettingError", "VelibError", "open_bus"]
