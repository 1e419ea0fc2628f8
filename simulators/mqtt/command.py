"""The command line that all simulated MQTT devices share."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import signal
import sys
from typing import TYPE_CHECKING, Final

from simulators.mqtt.client import DeviceClient

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from simulators.mqtt.model import Model

HARMLESS: Final = {"tank", "temperature"}
"""What a real GX only shows. All else it acts upon: power steers chargers and feed-in, a position goes to VRM."""

REFUSED: Final = 2


def run(name: str, models: Mapping[str, Model], arguments: Sequence[str] | None = None) -> int:
    """Run a device until SIGTERM or SIGINT; returns the exit code."""
    options = _parse(name, arguments)
    kinds = sorted({model.service_type for model in models.values()} - HARMLESS)
    # No address is safe: 127.0.0.1 is a real GX when this runs there, and at the end of a tunnel.
    if kinds and not options.yes_fake_power:
        sys.stderr.write(
            f"{options.host} may be a real GX, which would act on a fake {', '.join(kinds)}: it can steer chargers,"
            " feed-in and loads by it. Add --yes-fake-power if it is none, or if that is what you want.\n"
        )
        return REFUSED
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(levelname)s %(message)s")
    client = DeviceClient(
        options.host, options.port, client_id=options.client_id, models=models, period_s=options.period
    )
    asyncio.run(_run_until_signal(client))
    return 0


async def _run_until_signal(client: DeviceClient) -> None:
    task = asyncio.ensure_future(client.run())
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task


def _parse(name: str, arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog=f"python -m simulators.mqtt.{name}", description=f"A simulated MQTT device: {name}."
    )
    parser.add_argument("--host", default="127.0.0.1", help="the GX, or any broker that mqtt-devices listens to")
    parser.add_argument("--port", type=int, default=1883)
    parser.add_argument("--client-id", default=f"simulated_{name}", help="letters, digits and _")
    parser.add_argument("--period", type=_period, default=1.0, metavar="SECONDS", help="between two sets of values")
    parser.add_argument(
        "--yes-fake-power", action="store_true", help="send what a real GX would act upon (see the refusal)"
    )
    return parser.parse_args(arguments)


def _period(text: str) -> float:
    period_s = float(text)
    if period_s <= 0:
        raise argparse.ArgumentTypeError("a period is more than 0 seconds")
    return period_s
