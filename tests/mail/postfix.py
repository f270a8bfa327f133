"""A real Postfix of our own on loopback, which asks a real Dovecot who may log in."""

import os
import pwd
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from tests.mail.dovecot import NOWHERE, dovecot, free_port, listens, until

MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mail.test
mydestination =
mynetworks =
default_transport = discard
local_recipient_maps =
local_transport = discard
alias_maps =
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = {folder}/auth
smtpd_sasl_security_options = noanonymous
smtpd_relay_restrictions = permit_sasl_authenticated, permit_tls_all_clientcerts, reject
"""
MASTER = """
{port} inet n - n - - smtpd
postlog unix-dgram n - n - 1 postlogd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
tlsmgr unix - - n 1000? 1 tlsmgr
error unix - - n - - error
proxymap unix - - n - - proxymap
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
"""


@dataclass(frozen=True)
class Postfix:
    port: int
    folder: Path
    imap: int

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")


@contextmanager
def postfix(
    users: Mapping[str, str] = MappingProxyType({}),
    mechanisms: str = "plain",
    tokens_at: str = NOWHERE,
    settings: str = "",
) -> Iterator[Postfix]:
    """With these passwords, and whatever the token server says of a token. Who shows a certificate
    needs none."""
    with dovecot(users, mechanisms, tokens_at) as known, ExitStack() as running:
        folder, port = known.folder, free_port()
        for part in ("queue", "data", "etc"):
            (folder / part).mkdir()
        owner = pwd.getpwnam("postfix")
        os.chown(folder / "data", owner.pw_uid, owner.pw_gid)
        for file, text in {"main.cf": MAIN + settings, "master.cf": MASTER}.items():
            (folder / "etc" / file).write_text(text.format(folder=folder, port=port))
        subprocess.run(["postfix", "-c", f"{folder}/etc", "start"], check=True, capture_output=True)
        running.callback(_stop, folder)
        until(lambda: listens(port))
        yield Postfix(port, folder, known.port)


def _stop(folder: Path) -> None:
    subprocess.run(["postfix", "-c", f"{folder}/etc", "abort"], check=False, capture_output=True)
