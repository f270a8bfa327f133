"""Hosts of the tests' own on one machine: network namespaces with two nets between them.

Each net is a bridge in a namespace that is their switch, so a host can lose one net and keep the
other. Nothing of it is connected to the machine's own network.
"""

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path

_ONE_MORE = count(1)
# The nets, by what lies in them beside the senders: the ledger's server, the mail server.
NETS = {"ledger": "10.77.1", "mail": "10.77.2"}


def missing() -> str:
    """Why namespaces cannot be made here; empty where they can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    if absent := [name for name in ("ip", "nsenter") if shutil.which(name) is None]:
        return f"not on this machine: {', '.join(absent)} (apt-get install iproute2 util-linux)"
    try:
        with network() as hosts:
            hosts.add("probe", 1)
    except subprocess.CalledProcessError as error:
        return f"no network namespaces here: {error.stderr.strip()}"
    return ""


class Network:
    """Hosts have the same number in each of their nets; a name is unique on the machine."""

    def __init__(self) -> None:
        self._mark = f"reminder-{os.getpid()}-{next(_ONE_MORE)}"
        self._namespaces: list[str] = []
        self._switch = self._name("switch")

    def lay(self) -> None:
        self._namespace("switch")
        for net in NETS:
            self._ip("-n", self._switch, "link", "add", net, "type", "bridge")
            self._ip("-n", self._switch, "link", "set", net, "up")

    def add(self, host: str, number: int, nets: Sequence[str] = tuple(NETS)) -> None:
        namespace = self._namespace(host)
        for net in nets:
            port, address = f"{net}-{number}", f"{NETS[net]}.{number}/24"
            peer = ("peer", "name", net, "netns", namespace)
            self._ip("-n", self._switch, "link", "add", port, "type", "veth", *peer)
            self._ip("-n", self._switch, "link", "set", port, "master", net, "up")
            self._ip("-n", namespace, "address", "add", address, "dev", net)
            self._ip("-n", namespace, "link", "set", net, "up")

    def inside(self, host: str, user: str = "root") -> list[str]:
        """What to put before a command that is to run on that host."""
        who = pwd.getpwnam(user)
        return ["nsenter", f"--net={self._path(host)}", f"-S{who.pw_uid}", f"-G{who.pw_gid}"]

    def number(self, host: str) -> int:
        """The namespace's own."""
        return self._path(host).stat().st_ino

    @contextmanager
    def unplugged(self, host: str, net: str) -> Iterator[None]:
        """Its kernel knows: there is no way to that net."""
        link = ("-n", self._name(host), "link", "set", net)
        self._ip(*link, "down")
        try:
            yield
        finally:
            self._ip(*link, "up")

    @contextmanager
    def silent(self, number: int, net: str) -> Iterator[None]:
        """Nobody is told: what goes to and fro is dropped on the way, in the switch."""
        port = ("-n", self._switch, "link", "set", f"{net}-{number}")
        self._ip(*port, "nomaster")
        try:
            yield
        finally:
            self._ip(*port, "master", net)

    def close(self) -> None:
        for namespace in self._namespaces:
            self._ip("netns", "delete", namespace)

    def _namespace(self, host: str) -> str:
        name = self._name(host)
        self._ip("netns", "add", name)
        self._namespaces.append(name)
        self._ip("-n", name, "link", "set", "lo", "up")
        return name

    def _name(self, host: str) -> str:
        return f"{self._mark}-{host}"

    def _path(self, host: str) -> Path:
        return Path("/run/netns", self._name(host))

    @staticmethod
    def _ip(*words: str) -> None:
        subprocess.run(["ip", *words], check=True, capture_output=True, text=True)


@contextmanager
def network() -> Iterator[Network]:
    """All of it is gone in the end, whatever happened."""
    hosts = Network()
    try:
        hosts.lay()
        yield hosts
    finally:
        hosts.close()
