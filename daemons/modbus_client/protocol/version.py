"""Firmware and hardware versions as the families write them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modbus_client.protocol.errors import RuleError

if TYPE_CHECKING:
    from collections.abc import Sequence

_RELEASE = 0xFF
_TEXT = re.compile(r"([0-9A-Fa-f]{1,2})\.([0-9A-Fa-f]{2})(?:~([0-9A-Fa-f]{1,2}))?")


@dataclass(frozen=True, slots=True, order=True)
class VeVersion:
    """A Victron version: hexadecimal digits are shown as they are, a beta sorts before its release."""

    major: int
    minor: int
    beta: int = _RELEASE

    def __str__(self) -> str:
        tail = "" if self.beta == _RELEASE else f"~{self.beta:x}"
        return f"v{self.major:x}.{self.minor:02x}{tail}"

    @property
    def number(self) -> int:
        """The integer that Victron devices publish on /FirmwareVersion."""
        return self.major << 16 | self.minor << 8 | self.beta


def parse_ve_version(words: Sequence[int]) -> VeVersion | None:
    """Parse two registers: unused, major, minor, beta (0xFF: a release). All ones means that there is none."""
    if words[0] == words[1] == 0xFFFF:  # noqa: PLR2004 - an unwritten flash word
        return None
    return VeVersion(words[0] & 0xFF, words[1] >> 8, words[1] & 0xFF)


def parse_version_text(text: str) -> VeVersion:
    """Parse `1.21` or `1.21~1`, as a definition's conditions write it. Raises RuleError."""
    if not (match := _TEXT.fullmatch(text)):
        raise RuleError(f"{text!r} is no version; expected such as '1.21' or '1.21~1' in quotes")
    return VeVersion(int(match[1], 16), int(match[2], 16), int(match[3], 16) if match[3] else _RELEASE)


def parse_cg_version(words: Sequence[int]) -> str:
    """Parse Carlo Gavazzi's one word: four bits, four bits, eight bits."""
    word = words[0]
    return f"{word >> 12}.{word >> 8 & 0xF}.{word & 0xFF}"


def parse_hex_digits(words: Sequence[int]) -> str:
    """Parse Datakom's one word: its hexadecimal digits without leading zeros, joined with dots."""
    return ".".join(f"{words[0]:x}")
