"""The directories for files of the user, made at the first start so that people find them."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SERVICES, MAPPINGS = "services.d", "mappings.d"

# In each directory, beside the files that are read (*.yml).
README = "README"
_TEXTS = {
    SERVICES: """\
Files *.yml in this directory add service types to mqtt-devices, or paths to types that it has. Upgrades leave them as
they are.

types:
  windlass:
    product_id: 0xFFFF
    custom_name: My Windlass
    paths:
      Chain/Length: {type: d, unit: m, decimals: 1, minimum: 0}
  tank:
    paths:
      Alarms/Leak: {type: i, values: alarm, default: 0}

services.yml of the suite explains all keys, and is written in the same form.
After a change: svc -t /service/mqtt-devices
A file with mistakes is left out; `venus-daemons status` names them with their lines.
""",
    MAPPINGS: """\
Files *.yml in this directory put devices on the GX that cannot be programmed: what they publish on topics of their own
becomes values of services. Upgrades leave them alone.

devices:
  kettle: {preset: shelly_gen2_switch, device: shellyplus1pm-abcdef}  # one device, by its topic
  plugs: {preset: tasmota_energy, device: "+"}                        # all that there are
  climate:                                                            # without a preset
    device: "+"
    client: climate_{device}
    services: {t: temperature}
    values:
      "home/{device}/climate":
        - {service: t, path: Temperature, pointer: /temp, scale: 0.1, offset: -40}

docs/mqtt-devices.md of the suite names all presets and keys.
After a change: svc -t /service/mqtt-devices
A file with mistakes is left out; `venus-daemons status` names them with their lines.
""",
}

_log = logging.getLogger(__name__)


def make_places(directory: Path) -> None:
    """Make the directories below `directory`, each with a README; those that exist are left as they are."""
    for name, text in _TEXTS.items():
        try:
            (directory / name).mkdir(parents=True)
            (directory / name / README).write_text(text, "utf-8")
        except FileExistsError:
            continue
        except OSError as error:
            # A full or read-only disk keeps nobody from his devices.
            _log.warning("%s: %s", directory / name, error.strerror)
