"""Messages that wait to be read, bounded and fair: a client that floods its own topics displaces only itself."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a broker."""

    topic: str
    payload: bytes
    retained: bool
    broker: str = ""


# Pending messages of one device. A device that is a whole burst of this size behind gains nothing from more.
MAX_PER_SENDER = 64
# Senders with pending messages. Devices are at most a few hundred; more are made-up topics.
MAX_SENDERS = 1024
# All pending payloads together, small against the memory of the smallest GX (256 MB).
MAX_BYTES = 4 * 1024 * 1024
# Guards against one payload displacing all others; parsing refuses it anyway, with an Error reply.
MAX_KEPT_PAYLOAD = 64 * 1024


@dataclass(slots=True)
class _Waiting:
    messages: deque[Message] = field(default_factory=deque)
    size: int = 0

    def pop(self) -> Message:
        message = self.messages.popleft()
        self.size -= len(message.payload)
        return message


class Inbox:
    """First in, first out for each sender, round robin among senders. Drops the oldest of the fullest, and counts."""

    def __init__(self) -> None:
        self._senders: OrderedDict[str, _Waiting] = OrderedDict()
        self._bytes = 0
        self.dropped = 0

    def __len__(self) -> int:
        return sum(len(waiting.messages) for waiting in self._senders.values())

    def put(self, message: Message) -> None:
        """Keep a message; may drop an older one."""
        if len(message.payload) > MAX_KEPT_PAYLOAD:
            # Long enough to be refused as too long, and no longer.
            message = Message(message.topic, message.payload[:MAX_KEPT_PAYLOAD], message.retained, message.broker)
        sender = _sender(message.topic)
        if sender not in self._senders and len(self._senders) >= MAX_SENDERS:
            self.dropped += 1
            return
        waiting = self._senders.setdefault(sender, _Waiting())
        waiting.messages.append(message)
        waiting.size += len(message.payload)
        self._bytes += len(message.payload)
        if len(waiting.messages) > MAX_PER_SENDER:
            self._drop(sender)
        while self._bytes > MAX_BYTES:
            self._drop(max(self._senders, key=lambda key: self._senders[key].size))

    def pop(self) -> Message | None:
        """Take the next message, None when there is none."""
        if not self._senders:
            return None
        sender, waiting = self._senders.popitem(last=False)
        message = waiting.pop()
        self._bytes -= len(message.payload)
        if waiting.messages:
            self._senders[sender] = waiting
        return message

    def _drop(self, sender: str) -> None:
        waiting = self._senders[sender]
        self._bytes -= len(waiting.pop().payload)
        self.dropped += 1
        if not waiting.messages:
            del self._senders[sender]


def _sender(topic: str) -> str:
    levels = topic.split("/", 2)
    return f"device/{levels[1]}" if len(levels) == 3 and levels[0] == "device" else topic  # noqa: PLR2004 - split above
