"""A petrol engine as an ELM327 tells it on CAN: enough of mode 01 for tests that need exact values."""

from __future__ import annotations

from dataclasses import dataclass, field

ADAPTER = {
    "ATZ": "ELM327 v1.5", "ATE0": "OK", "ATH1": "OK", "ATL0": "OK", "ATDPN": "A6", "ATI": "ELM327 v1.5", "ATLP": "OK",
}  # fmt: skip


@dataclass
class Engine:
    """Answers requests. values: PID -> value bytes; refused: requests answered with 7F; is_silent: ignition off."""

    values: dict[int, bytes] = field(
        default_factory=lambda: {0x0C: b"\x1a\xf8", 0x0D: b"\x20", 0x05: b"\x7b", 0x2F: b"\x80", 0x42: b"\x37\x78"}
    )
    refused: set[str] = field(default_factory=set)
    voltage: str = "14.1V"
    is_silent: bool = False
    has_several: bool = True
    has_counts: bool = True
    other: dict[str, str] = field(default_factory=dict)

    def answer(self, request: str) -> str:
        """Return the adapter's lines for a request."""
        if request.startswith(("ATSP", "ATTP", "ATSH")):
            return "OK"
        if request in ("ATRV", "AT RV"):
            return self.voltage
        if request in ADAPTER:
            return ADAPTER[request]
        if self.is_silent:
            return "UNABLE TO CONNECT" if request == "0100" else "NO DATA"
        return self._obd(request)

    def _obd(self, request: str) -> str:
        if len(request) % 2:
            if not self.has_counts:
                return "?"
            request = request[:-1]
        if request in self.other:
            return self.other[request]
        if request in self.refused:
            return f"7E8037F{request[:2]}12"
        if request[:2] != "01":
            return "NO DATA"
        pids = [int(request[at : at + 2], 16) for at in range(2, len(request), 2)]
        if len(pids) > 1 and not self.has_several:
            return "NO DATA"
        body = b"".join(bytes([pid]) + self._value(pid) for pid in pids if self._value(pid))
        return frames(b"\x41" + body) if body else "NO DATA"

    def _value(self, pid: int) -> bytes:
        if pid % 0x20 == 0:
            known = {known for value in self.values for known in (value, value // 0x20 * 0x20)}
            bits = sum(1 << (0x20 - offset) for offset in range(1, 0x21) if pid + offset in known)
            return bits.to_bytes(4, "big")
        return self.values.get(pid, b"")


def frames(data: bytes) -> str:
    """Return data as ISO-TP lines with headers, as ATH1 shows them."""
    if len(data) <= 7:  # noqa: PLR2004 - a single CAN frame
        return f"7E8{len(data):02X}{data.hex().upper()}"
    lines = [f"7E8{0x1000 | len(data):04X}{data[:6].hex().upper()}"]
    for number, at in enumerate(range(6, len(data), 7), 1):
        lines.append(f"7E8{0x20 | number & 0x0F:02X}{data[at : at + 7].hex().upper()}")
    return "\r".join(lines)
