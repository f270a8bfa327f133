"""A slow mail server that keeps an account of what it accepts, in a file that survives it.

    python -m tests.hosts.relay ADDRESS PORT ACCOUNT [--body SECONDS]

A message counts as accepted once its last byte is there: whether its sender hears of it or not.
"""

import argparse
import asyncio
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from benchmarks.relay import BODY, END, Conversation, Record
from tests.daemon.accepted import Accepted


@dataclass(frozen=True)
class Kept(Accepted):
    """`life` is the last number of the sender's address; `at` is in seconds, as `monotonic`."""

    at: float


class Keeping(Conversation):
    def __init__(self, account: TextIO, body: float) -> None:
        super().__init__(Record(), pipelining=True, body=body)
        self._account = account
        self._recipients: list[str] = []

    def _reply(self, line: bytearray) -> str:
        match bytes(line[:4]):
            case b"MAIL":
                self._recipients = []
            case b"RCPT":
                address = line.partition(b"<")[2].partition(b">")[0]
                self._recipients.append(address.decode().lower())
        return super()._reply(line)

    def _read_body(self) -> bool:
        end = self._unread.find(END)
        if end >= 0:
            self._keep(bytes(self._unread[: end + 2]))
        return super()._read_body()

    def _keep(self, sent: bytes) -> None:
        address, port = self._transport.get_extra_info("peername")
        content = sent.replace(b"\r\n..", b"\r\n.").decode("latin-1")
        number = int(address.rpartition(".")[2])
        entry = [number, port, self._recipients, content, time.monotonic()]
        self._account.write(json.dumps(entry) + "\n")
        self._account.flush()


def account(path: Path) -> list[Kept]:
    """As far as it is written."""
    *lines, _ = path.read_text("ascii").split("\n") if path.exists() else [""]
    entries = [json.loads(line) for line in lines]
    return [Kept(number, port, tuple(recipients), content.encode("latin-1"), at)
            for number, port, recipients, content, at in entries]  # fmt: skip


async def serve(address: str, port: int, path: Path, body: float) -> None:
    loop = asyncio.get_running_loop()
    with path.open("a", encoding="ascii") as file:
        server = await loop.create_server(lambda: Keeping(file, body), address, port)
        await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.hosts.relay")
    parser.add_argument("address")
    parser.add_argument("port", type=int)
    parser.add_argument("account", type=Path)
    parser.add_argument("--body", type=float, default=BODY)
    given = parser.parse_args()
    asyncio.run(serve(given.address, given.port, given.account, given.body))


if __name__ == "__main__":
    main()
