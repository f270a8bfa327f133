"""A real Dovecot of our own on loopback: it says who may log in, and has mailboxes."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import create_connection, socket
from tempfile import TemporaryDirectory
from time import monotonic, sleep

PATIENCE = 20.0  # seconds until all of its programs have begun
NOWHERE = "http://127.0.0.1:1"

SETTINGS = """
base_dir = {folder}/dovecot
state_dir = {folder}/dovecot
protocols = imap
ssl = no
disable_plaintext_auth = no
log_path = {folder}/dovecot.log
default_internal_user = nobody
default_internal_group = nogroup
default_login_user = nobody
mail_location = maildir:{folder}/mail/%u
first_valid_uid = 1
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
  args = uid=nobody gid=nogroup home={folder}/mail/%u
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
service imap-login {{
  inet_listener imap {{
    address = 127.0.0.1
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
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
class Dovecot:
    port: int
    folder: Path

    def deliver(self, user: str, name: str, content: bytes) -> None:
        """As a mail server does into a Maildir."""
        self._part(user, "tmp")
        (draft := self._part(user, "tmp") / name).write_bytes(content)
        os.chown(draft, pwd.getpwnam("nobody").pw_uid, -1)
        draft.rename(self._part(user, "new") / name)

    def names(self, user: str, part: str) -> list[str]:
        """Of the mails there, without flags and what Dovecot puts behind the name."""
        return sorted(path.name for path in (self.folder / "mail" / user / part).glob("*"))

    def _part(self, user: str, part: str) -> Path:
        owner = pwd.getpwnam("nobody").pw_uid
        for path in ((box := self.folder / "mail" / user), box / part):
            if not path.exists():
                path.mkdir(mode=0o700)
                os.chown(path, owner, -1)
        return box / part


@contextmanager
def dovecot(
    users: Mapping[str, str], mechanisms: str = "plain", tokens_at: str = NOWHERE
) -> Iterator[Dovecot]:
    """With these passwords, and whatever the token server says of a token. Below /tmp, for a path
    of a socket is short."""
    with TemporaryDirectory(prefix="mail-", dir="/tmp") as name:
        folder, port = Path(name), free_port()
        folder.chmod(0o755)
        (folder / "dovecot").mkdir()
        (folder / "mail").mkdir()
        (folder / "mail").chmod(0o777)
        lines = (f"{user}:{{PLAIN}}{password}\n" for user, password in users.items())
        (folder / "users").write_text("".join(lines))
        (folder / "tokens").write_text(TOKENS.format(url=tokens_at))
        facts = {"folder": folder, "port": port, "mechanisms": mechanisms}
        (folder / "dovecot.conf").write_text(SETTINGS.format(**facts))
        with _program("dovecot", "-F", "-c", f"{folder}/dovecot.conf"):
            until(lambda: (folder / "auth").exists() and listens(port))
            yield Dovecot(port, folder)


@contextmanager
def _program(*words: str) -> Iterator[None]:
    path = shutil.which(words[0]) or f"/usr/sbin/{words[0]}"
    process = subprocess.Popen([path, *words[1:]], stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def free_port() -> int:
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    try:
        create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def until(is_ready: Callable[[], bool]) -> None:
    end = monotonic() + PATIENCE
    while not is_ready():
        assert monotonic() < end, "did not begin"
        sleep(0.05)
