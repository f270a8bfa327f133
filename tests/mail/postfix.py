"""A real Postfix of our own on loopback, which asks a real Dovecot who may log in."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import create_connection, socket
from tempfile import TemporaryDirectory
from time import monotonic, sleep
from types import MappingProxyType

PATIENCE = 20.0  # seconds until all of its programs have begun

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
anvil unix - - n - 1 anvil
"""
DOVECOT = """
base_dir = {folder}/dovecot
state_dir = {folder}/dovecot
protocols =
ssl = no
log_path = {folder}/auth.log
default_internal_user = nobody
default_internal_group = nogroup
default_login_user = nobody
auth_mechanisms = {mechanisms}
auth_username_chars =
auth_username_format = %u
auth_failure_delay = 0
passdb {{
  driver = passwd-file
  mechanisms = plain login cram-md5
  args = {folder}/users
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {folder}/tokens
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home=/nowhere
}}
# Wrong log-ins of a test would make all that follow wait.
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service auth {{
  unix_listener {folder}/auth {{
    mode = 0666
  }}
}}
"""
TOKENS = """
introspection_mode = post
introspection_url = {url}/introspect
username_attribute = username
active_attribute = active
active_value = true
"""


@dataclass(frozen=True)
class Postfix:
    port: int
    folder: Path

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")


@contextmanager
def postfix(
    users: Mapping[str, str] = MappingProxyType({}),
    mechanisms: str = "plain",
    tokens_at: str = "http://127.0.0.1:1",
    settings: str = "",
) -> Iterator[Postfix]:
    """With these passwords, and whatever the token server says of a token. Who shows a certificate
    needs none. Below /tmp, for a path of a socket is short."""
    with TemporaryDirectory(prefix="postfix-") as name, ExitStack() as running:
        folder = Path(name)
        folder.chmod(0o755)
        port = _free_port()
        for part in ("queue", "data", "dovecot", "etc"):
            (folder / part).mkdir()
        owner = pwd.getpwnam("postfix")
        os.chown(folder / "data", owner.pw_uid, owner.pw_gid)
        facts = {"folder": folder, "port": port, "mechanisms": mechanisms, "url": tokens_at}
        lines = (f"{user}:{{PLAIN}}{password}\n" for user, password in users.items())
        texts = {"users": "".join(lines), "tokens": TOKENS, "dovecot.conf": DOVECOT}
        texts |= {"etc/main.cf": MAIN, "etc/master.cf": MASTER}
        for file, text in texts.items():
            made = text if file == "users" else text.format(**facts)
            (folder / file).write_text(made + (settings if file == "etc/main.cf" else ""))
        running.enter_context(_program("dovecot", "-F", "-c", f"{folder}/dovecot.conf"))
        subprocess.run(["postfix", "-c", f"{folder}/etc", "start"], check=True, capture_output=True)
        running.callback(_stop, folder)
        _until(lambda: (folder / "auth").exists() and _listens(port))
        yield Postfix(port, folder)


def _stop(folder: Path) -> None:
    subprocess.run(["postfix", "-c", f"{folder}/etc", "abort"], check=False, capture_output=True)


@contextmanager
def _program(*words: str) -> Iterator[None]:
    path = shutil.which(words[0]) or f"/usr/sbin/{words[0]}"
    process = subprocess.Popen([path, *words[1:]], stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def _free_port() -> int:
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _listens(port: int) -> bool:
    try:
        create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def _until(is_ready: Callable[[], bool]) -> None:
    end = monotonic() + PATIENCE
    while not is_ready():
        assert monotonic() < end, "did not begin"
        sleep(0.05)
