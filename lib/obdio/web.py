"""Runs an ASGI application with uvicorn. The only file that imports it."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

MAX_CONNECTIONS = 100
"""TCP connections at once: 16 clients, each with the six that a browser opens for a page. More get 503."""
MAX_MESSAGE_BYTES = 65_536
"""The longest WebSocket message taken, also before its sender is known; uvicorn's own limit is 16 MB for each."""
MISSING_ON_VENUS = ("multiprocessing", "multiprocessing.context")
# Those of requirements.txt, and not what else uvicorn finds: Venus OS has a `websockets`, of whatever version.
PROTOCOLS: dict[str, Any] = {"http": "h11", "ws": "wsproto"}


def load_uvicorn() -> ModuleType:
    """Import uvicorn, also on an interpreter that has no multiprocessing.

    uvicorn imports it for its worker processes and its reloader, which are never used here. Where it is missing (Venus
    OS), empty modules stand in for it while uvicorn is imported, and are removed again: nothing else shall find them.
    """
    try:
        import multiprocessing  # noqa: F401, PLC0415 - only to see whether it is there
    except ImportError:
        return _load_without_multiprocessing()
    import uvicorn  # noqa: PLC0415 - see above

    return uvicorn


def _load_without_multiprocessing() -> ModuleType:
    root, context = ModuleType("multiprocessing"), ModuleType("multiprocessing.context")
    vars(root).update(
        allow_connection_pickling=lambda: None,
        get_context=lambda _method: SimpleNamespace(),
        Pipe=None,
        context=context,
    )
    vars(context).update(SpawnProcess=object)
    saved = {name: sys.modules.pop(name, None) for name in MISSING_ON_VENUS}
    sys.modules.update({"multiprocessing": root, "multiprocessing.context": context})
    try:
        import uvicorn  # noqa: PLC0415 - see above

        return uvicorn
    finally:
        for name in MISSING_ON_VENUS:
            del sys.modules[name]
            if (module := saved[name]) is not None:
                sys.modules[name] = module


def run_blocking(app: Any, **config: Any) -> None:
    """Serve app until a signal; owns the event loop. config: uvicorn's settings."""
    load_uvicorn().run(app, **{**PROTOCOLS, **config})


class WebServer:
    """Serves an application inside a running event loop, leaving signals to the program."""

    def __init__(self, app: Any, *, host: str, port: int) -> None:
        uvicorn = load_uvicorn()
        config = uvicorn.Config(
            app,
            host=host,
            port=port,
            **PROTOCOLS,
            loop="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            limit_concurrency=MAX_CONNECTIONS,
            ws_max_size=MAX_MESSAGE_BYTES,
            timeout_graceful_shutdown=2,
        )
        self._server = uvicorn.Server(config)

    async def run(self) -> None:
        """Serve until stop(). Raises OSError when the address cannot be used."""
        config = self._server.config
        if not config.loaded:
            config.load()
        self._server.lifespan = config.lifespan_class(config)
        try:
            await self._server.startup()
            await self._server.main_loop()
        except SystemExit:  # uvicorn's way to say that the address is taken; it has logged why
            raise OSError(f"cannot listen on {config.host}:{config.port}: see the line above") from None
        finally:
            if self._server.started:
                await self._server.shutdown()

    def stop(self) -> None:
        """Make run() return soon."""
        self._server.should_exit = True

    @property
    def is_listening(self) -> bool:
        """Whether clients can connect."""
        return bool(self._server.started)

    @property
    def port(self) -> int:
        """The port that is listened on; the kernel's choice when 0 was asked."""
        return int(self._server.servers[0].sockets[0].getsockname()[1])
