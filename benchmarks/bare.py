"""The limit of a relay's round trips: bare sockets that hold the product's conversation.

    python -m benchmarks.bare PORT CONNECTIONS MESSAGES BYTES [--pipelining]

Nothing is planned, built or recorded; each connection sends its share, one message after another.
"""

import argparse
import asyncio

LINE = b"x" * 76 + b"\r\n"
ENVELOPE = (b"MAIL FROM:<reminder@bulk.test>\r\n", b"RCPT TO:<unit1@bulk.test>\r\n", b"DATA\r\n")


async def converse(port: int, messages: int, body: bytes, *, pipelining: bool) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def ask(words: bytes, replies: int = 1) -> None:
        writer.write(words)
        for _ in range(replies):
            while (await reader.readline())[3:4] == b"-":
                pass

    await ask(b"")
    await ask(b"EHLO bench\r\n")
    for _ in range(messages):
        if pipelining:
            await ask(b"".join(ENVELOPE), len(ENVELOPE))
        else:
            for command in ENVELOPE:
                await ask(command)
        await ask(body)
    await ask(b"QUIT\r\n")
    writer.close()


async def send(
    port: int, connections: int, messages: int, body: bytes, *, pipelining: bool
) -> None:
    shares = [messages // connections + (n < messages % connections) for n in range(connections)]
    talks = [converse(port, share, body, pipelining=pipelining) for share in shares if share]
    await asyncio.gather(*talks)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bare")
    for name in ("port", "connections", "messages", "bytes"):
        parser.add_argument(name, type=int)
    parser.add_argument("--pipelining", action="store_true")
    given = parser.parse_args()
    body = LINE * (given.bytes // len(LINE)) + b".\r\n"
    asyncio.run(
        send(given.port, given.connections, given.messages, body, pipelining=given.pipelining)
    )


if __name__ == "__main__":
    main()
