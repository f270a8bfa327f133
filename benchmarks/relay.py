"""A mail server that is far away: replies take their time, and it does nothing else.

    python -m benchmarks.relay PORT [--pipelining]

Replies to all commands that arrived together go out together, 5 ms after they arrived; the reply
to a body 25 ms after its end. XCOUNT asks for how many messages were taken since the last XCOUNT,
and in how many seconds from the first MAIL to the last reply.
"""

import argparse
import asyncio
import socket

COMMANDS, BODY = 0.005, 0.025  # seconds
END = b"\r\n.\r\n"


class Record:
    """Of all connections together."""

    def __init__(self) -> None:
        self.count = 0
        self.first = self.last = 0.0

    def take(self) -> str:
        words = f"250 {self.count} {self.last - self.first:.6f}"
        self.count = 0
        return words


class Conversation(asyncio.Protocol):
    def __init__(self, record: Record, *, pipelining: bool, body: float = BODY) -> None:
        self._record = record
        self._body = body
        self._ehlo = "250-relay\r\n250-PIPELINING\r\n250 8BITMIME" if pipelining else "250 relay"
        self._loop = asyncio.get_running_loop()
        self._unread = bytearray()
        self._in_body = False
        self._next = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._say(["220 relay ESMTP"], COMMANDS)

    def data_received(self, data: bytes) -> None:
        self._unread += data
        replies: list[str] = []
        while self._unread:
            if self._in_body:
                if not self._read_body():
                    break
                self._say(replies, COMMANDS)
                self._say(["250 2.0.0 taken"], self._body, taken=True)
                replies = []
            else:
                line, end, rest = self._unread.partition(b"\r\n")
                if not end:
                    break
                self._unread = rest
                replies.append(self._reply(line.upper()))
        self._say(replies, COMMANDS)

    def _read_body(self) -> bool:
        end = self._unread.find(END)
        if end < 0:
            return False
        del self._unread[: end + len(END)]
        self._in_body = False
        return True

    def _reply(self, line: bytearray) -> str:
        match bytes(line[:4]):
            case b"EHLO":
                return self._ehlo
            case b"MAIL":
                if not self._record.count:
                    self._record.first = self._loop.time()
            case b"DATA":
                self._in_body = True
                return "354 go on"
            case b"XCOU":
                return self._record.take()
            case b"QUIT":
                self._loop.call_later(COMMANDS * 2, self._transport.close)
                return "221 bye"
        return "250 ok"

    def _say(self, replies: list[str], delay: float, *, taken: bool = False) -> None:
        """Never before what was to be said earlier."""
        if not replies:
            return
        self._next = max(self._next, self._loop.time() + delay)
        words = "".join(f"{reply}\r\n" for reply in replies).encode()
        self._loop.call_at(self._next, self._write, words, taken)

    def _write(self, words: bytes, taken: bool) -> None:
        if taken:
            self._record.count += 1
            self._record.last = self._loop.time()
        self._transport.write(words)


def answers(port: int) -> bool:
    """Whether somebody listens there."""
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def taken(port: int) -> tuple[int, float]:
    """Messages since this was last asked, and seconds from the first MAIL to the last reply."""
    with socket.create_connection(("127.0.0.1", port)) as relay, relay.makefile("rb") as replies:
        replies.readline()
        relay.sendall(b"XCOUNT\r\n")
        _, count, seconds = replies.readline().split()
    return int(count), float(seconds)


async def serve(port: int, *, pipelining: bool) -> None:
    record, loop = Record(), asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Conversation(record, pipelining=pipelining), "127.0.0.1", port, backlog=1000
    )
    await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.relay")
    parser.add_argument("port", type=int)
    parser.add_argument("--pipelining", action="store_true")
    given = parser.parse_args()
    asyncio.run(serve(given.port, pipelining=given.pipelining))


if __name__ == "__main__":
    main()
