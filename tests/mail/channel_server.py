"""Services that channels reach, on loopback: each with the replies of its protocol.

The addresses of robots are fixed. What asks for them is led here by HTTPS_PROXY, as in an office
behind a proxy: it says CONNECT, and is shown a certificate of an authority of ours, which
REQUESTS_CA_BUNDLE names. So the client's own code runs up to the wire, in a child process too.
"""

import base64
import hashlib
import hmac
import json
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlsplit

import trustme

KEY, SECRET, PHONE = "0a1b2c3d-key", "SECabc0123456789", "13800000001"
URLS = {
    "wecom": f"wecombot://{KEY}",
    "dingtalk": f"dingtalk://{SECRET}@abc0123456789",
    "feishu": f"feishu://{KEY}",
    "sms": f"httpsms://{KEY}@{PHONE}/{{to}}",
}
HANG, CUT, DRIP = "hang", "cut", "drip"
Answer = tuple[int, Any]


@dataclass
class Asked:
    host: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    said: dict[str, Any]

    @property
    def text(self) -> str:
        """What a reader sees."""
        said = self.said
        text = said["text"]["content"] if "text" in said else said.get("content")
        return text["text"] if isinstance(text, dict) else text or said["message"]


def wecom(asked: Asked) -> Answer:
    if asked.query.get("key") != KEY:
        return 200, {"errcode": 93000, "errmsg": f"invalid webhook url, key: {asked.query}"}
    if len(asked.said["text"]["content"].encode()) > 2048:
        return 200, {"errcode": 45002, "errmsg": "content size out of limit"}
    return 200, {"errcode": 0, "errmsg": "ok"}


def dingtalk(asked: Asked) -> Answer:
    """As its manual has it: signed with the secret, within an hour."""
    stamp, sign = (asked.query.get(name, "") for name in ("timestamp", "sign"))
    wanted = hmac.digest(SECRET.encode(), f"{stamp}\n{SECRET}".encode(), hashlib.sha256)
    is_ours = unquote_plus(sign) == base64.b64encode(wanted).decode()
    if not is_ours or abs(int(stamp) / 1000 - time.time()) > 3600:
        return 200, {"errcode": 310000, "errmsg": "sign not match"}
    return 200, {"errcode": 0, "errmsg": "ok"}


def feishu(asked: Asked) -> Answer:
    if asked.path.rstrip("/").rpartition("/")[2] != KEY:
        return 200, {"code": 19001, "msg": "param invalid: incoming webhook access token invalid"}
    return 200, {"code": 0, "data": {}, "msg": "success", "StatusCode": 0}


def sms(asked: Asked) -> Answer:
    if asked.headers.get("x-api-key") != KEY:
        return 401, {"message": "You are not authorized to carry out this request."}
    return 200, {"status": "success", "data": {"contact": asked.said["to"]}}


def webhook(asked: Asked) -> Answer:
    return 200, {"taken": asked.said["title"]}


HOSTS: dict[str, Callable[[Asked], Answer]] = {
    "qyapi.weixin.qq.com": wecom,
    "oapi.dingtalk.com": dingtalk,
    "open.feishu.cn": feishu,
    "api.httpsms.com": sms,
}


@dataclass
class ChannelServer:
    """It answers as the services do; the next requests are answered by what is `instead`."""

    port: int = 0
    asked: list[Asked] = field(default_factory=list)
    instead: list[Any] = field(default_factory=list)
    over: Event = field(default_factory=Event)

    @property
    def url(self) -> str:
        return f"json://127.0.0.1:{self.port}/hook-of-office"

    def answer(self, asked: Asked) -> Any:
        self.asked.append(asked)
        if self.instead:
            return self.instead.pop(0)
        return HOSTS.get(asked.host, webhook)(asked)

    def texts(self, host: str = "") -> list[str]:
        return [one.text for one in self.asked if host in one.host]


def _handler(server: ChannelServer, authority: trustme.CA) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 10
        led_to = ""

        def do_CONNECT(self) -> None:
            self.led_to = self.path.partition(":")[0]
            self.send_response(200)
            self.end_headers()
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            authority.issue_cert(self.led_to).configure_cert(context)
            self.connection = context.wrap_socket(self.connection, server_side=True)
            self.rfile = self.connection.makefile("rb", self.rbufsize)
            self.wfile = self.connection.makefile("wb", 0)
            self.handle_one_request()
            self.close_connection = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked = Asked(self.led_to, parts.path, query, headers, json.loads(body))
            self.say(server.answer(asked))

        def say(self, answer: Any) -> None:
            self.close_connection = True
            if answer == HANG:
                server.over.wait(10)
            if answer in (HANG, CUT):
                return
            if answer == DRIP:
                self.send_response(200)
                self.end_headers()
                while not server.over.wait(0.05):
                    self.wfile.write(b" ")
                return
            status, said = answer
            body = said if isinstance(said, bytes) else json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            if 300 <= status < 400:
                self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

        def handle(self) -> None:
            with suppress(OSError):
                super().handle()
            self.connection.close()

    return Handler


@contextmanager
def services(folder: Path) -> Iterator[tuple[ChannelServer, dict[str, str]]]:
    """With the environment that leads there."""
    server, authority = ChannelServer(), trustme.CA()
    authority.cert_pem.write_to_path(folder / "authority.pem")
    http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(server, authority))
    http.daemon_threads = True
    server.port = http.server_port
    thread = Thread(target=http.serve_forever, args=(0.05,))
    thread.start()
    proxy = f"http://127.0.0.1:{server.port}"
    try:
        bundle = str(folder / "authority.pem")
        yield server, {"HTTPS_PROXY": proxy, "https_proxy": proxy, "REQUESTS_CA_BUNDLE": bundle}
    finally:
        server.over.set()
        http.shutdown()
        thread.join()
        http.server_close()
