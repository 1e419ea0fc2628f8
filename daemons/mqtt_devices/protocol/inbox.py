"""Messages that wait to be read, bounded and fair: a client that floods its own topics displaces only itself."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Message:
    """One message of the broker."""

    topic: str
    payload: bytes
    retained: bool


# Pending messages of one device. A device that is a whole burst of this size behind gains nothing from more.
MAX_PER_SENDER = 64
# Senders with pending messages. Devices are at most a few hundred; more are made-up topics.
MAX_SENDERS = 1024
# All pending payloads together, small against the memory of the smallest GX (256 MB).
MAX_BYTES = 4 * 1024 * 1024
# Guards against one payload displacing all others; parsing refuses it anyway, with an Error reply.
MAX_KEPT_PAYLOAD = 64 * 1024


class Inbox:
    """First in, first out for each sender, round robin among senders. Drops the oldest of the fullest, and counts."""

    def __init__(self) -> None:
        self._senders: OrderedDict[str, deque[Message]] = OrderedDict()
        self._bytes = 0
        self.dropped = 0

    def __len__(self) -> int:
        return sum(map(len, self._senders.values()))

    def put(self, message: Message) -> None:
        """Keep a message; may drop an older one."""
        if len(message.payload) > MAX_KEPT_PAYLOAD:
            # Long enough to be refused as too long, and no longer.
            message = Message(message.topic, message.payload[:MAX_KEPT_PAYLOAD], message.retained)
        sender = _sender(message.topic)
        if sender not in self._senders and len(self._senders) >= MAX_SENDERS:
            self.dropped += 1
            return
        queue = self._senders.setdefault(sender, deque())
        queue.append(message)
        self._bytes += len(message.payload)
        if len(queue) > MAX_PER_SENDER:
            self._drop(sender)
        while self._bytes > MAX_BYTES:
            self._drop(max(self._senders, key=lambda key: sum(len(kept.payload) for kept in self._senders[key])))

    def pop(self) -> Message | None:
        """Take the next message, None when there is none."""
        if not self._senders:
            return None
        sender, queue = self._senders.popitem(last=False)
        message = queue.popleft()
        self._bytes -= len(message.payload)
        if queue:
            self._senders[sender] = queue
        return message

    def _drop(self, sender: str) -> None:
        queue = self._senders[sender]
        self._bytes -= len(queue.popleft().payload)
        self.dropped += 1
        if not queue:
            del self._senders[sender]


def _sender(topic: str) -> str:
    levels = topic.split("/", 2)
    return f"device/{levels[1]}" if len(levels) == 3 and levels[0] == "device" else topic  # noqa: PLR2004 - split above
