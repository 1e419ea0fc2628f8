"""The registration protocol, pure: messages and time come in, effects go out. No asyncio, no sockets, no D-Bus."""
