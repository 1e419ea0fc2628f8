"""The commands of the documentation, as a reader types them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)


def read_commands(file: Path, heading: str) -> list[str]:
    """Return the lines of all sh blocks below a heading, without their comments."""
    text = file.read_text()
    section = text.partition(f"\n{heading}\n")[2]
    level = heading.split(" ", maxsplit=1)[0]
    section = re.split(rf"^#{{1,{len(level)}}} ", section, maxsplit=1, flags=re.MULTILINE)[0]
    lines = [line for block in _BLOCK.findall(section) for line in block.splitlines()]
    return [bare for line in lines if (bare := re.sub(r"\s+# .*", "", line))]
