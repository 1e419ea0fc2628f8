"""The MK2/MK3 protocol: how to talk to a VE.Bus inverter/charger (MultiPlus, Quattro) over its serial interface.

From the wire up: `framing` finds frames, `frames` gives each its dataclass, `ram_var` and `setting` turn numbers into
volts and amperes, `connection.VEBusConnection` asks and waits for answers, `session.VEBusSession` is what most users
want. Nothing here knows of D-Bus, and the modules up to `setting` know nothing of asyncio.
"""
