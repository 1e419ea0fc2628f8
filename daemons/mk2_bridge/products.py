"""Names of products."""

from __future__ import annotations

from pathlib import Path

from daemonkit.errors import DefinitionError
from daemonkit.yamlfile import load

FILE = Path(__file__).parent / "definitions" / "products.yml"
UNKNOWN = "VE.Bus device"
_MAX_ID = 0xFFFF


def load_products(file: Path = FILE) -> dict[int, str]:
    """Return name by product id.

    Raises:
        DefinitionError: an id is no 16 bit number, or a name no text.
    """
    mapping = load(file)
    for key, name in mapping.items():
        if not isinstance(key, int) or not 0 < key <= _MAX_ID:
            raise DefinitionError(mapping.where(key), str(key), "has to be a product id, 0x0001 to 0xFFFF")
        if not isinstance(name, str) or not name:
            raise DefinitionError(mapping.where(key), hex(key), "has to be the name of the product")
    return dict(mapping)
