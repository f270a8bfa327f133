"""A service of systemd: the unit that runs an office's daemon, in a sandbox and by its own user."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from reminder.documents.settings import Settings
from reminder.errors import ReminderError, UsageError
from reminder.output_files import make_folder, write_file

UNITS = Path("/etc/systemd/system")
USER = "reminder"
_STATES = Path("/var/lib")
_HOMES = ("/home", "/root", "/run/user")
# Of many programs: nobody hands these over to a service.
_SHARED = {"/", *_HOMES, "/etc", "/media", "/mnt", "/opt", "/srv", "/usr", "/usr/local"}
_SHARED |= {"/usr/local/etc", "/var", "/var/backups", "/var/lib", "/var/mail"}
_FIRST = "# Written by `reminder service install`, anew by each one: changes of your own go into"
_PRIVILEGED = 1024  # ports below it
_UNIT = """\
{first}
# `systemctl edit {name}`.

[Unit]
Description=Monthly mails and calendars from an office's yearly table
Wants=network-online.target
After=network-online.target postgresql.service
# A database or a name that is not there yet is waited for.
StartLimitIntervalSec=0

[Service]
Type=notify
ExecStart={command}
ExecReload=/bin/kill -HUP $MAINPID
{environment}\
Restart=always
RestartSec=10
# A large ledger of an earlier version takes its time at the first start; the longest pass, too.
TimeoutStartSec=15min
WatchdogSec=10min
# A mail server's last answer is waited for and written down.
TimeoutStopSec=2min

User={user}
Group={user}
UMask=0077
{state}\
# All else of the machine is read-only, or not there.
ProtectSystem=strict
ReadWritePaths={written}
ProtectHome={homes}
PrivateTmp=yes
PrivateDevices=yes
PrivateUsers={own_users}
ProtectProc=invisible
ProcSubset=pid
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
RemoveIPC=yes
KeyringMode=private

NoNewPrivileges=yes
CapabilityBoundingSet={capabilities}
AmbientCapabilities={capabilities}
LockPersonality=yes
MemoryDenyWriteExecute=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
"""


@dataclass(frozen=True)
class Service:
    """`command` are the words that begin `reminder`."""

    config: Path
    settings: Settings
    command: Sequence[str]
    user: str = USER
    name: str = USER
    environment: Mapping[str, str] = field(default_factory=dict)

    def unit(self) -> str:
        states = self._state_directory()
        own = {str(self.settings.state_dir)} if states else set()
        written = [f"-{path}" for path in map(str, self.written()) if path not in own]
        port = self.settings.web.port
        binds = "CAP_NET_BIND_SERVICE" if 0 < port < _PRIVILEGED else ""
        return _UNIT.format(
            first=_FIRST,
            name=self.name,
            command=_command([*self.command, "run", "--config", str(self.config)]),
            environment="".join(
                f"Environment={_quoted(f'{key}={value}')}\n"
                for key, value in self.environment.items()
            ),
            user=self.user,
            state=states,
            written=" ".join(map(_quoted, written)),
            homes="read-only" if any(map(_is_in_a_home, self._paths())) else "yes",
            own_users="no" if binds else "yes",  # a capability in a namespace of one's own is none
            capabilities=binds,
        )

    def written(self) -> list[Path]:
        """What the daemon writes; of what people edit only what the console writes back."""
        inbox = self.settings.inbox.maildir  # of a mail server, which lets this user in
        return _outermost([*self._own_folders(), *([inbox] if inbox else [])])

    def _own_folders(self) -> list[Path]:
        settings = self.settings
        folders = [settings.state_dir, settings.maildir, settings.backup.folder]
        if settings.web.console != "off":
            plan = settings.plan
            folders += [self.config, plan if plan.is_dir() else plan.parent]
        return _outermost([folder for folder in folders if folder])

    def hand_over(self) -> None:
        """What root has made of it becomes the user's. Raises `UsageError` for a folder that
        others use too."""
        folders = [self.config, *self._own_folders()]
        for folder in folders:
            if str(folder) in _SHARED:
                raise UsageError.because("shared_folder", folder=str(folder))
        user = pwd.getpwnam(self.user)
        for folder in folders:
            make_folder(folder)
            for path in (folder, *folder.rglob("*")):
                status = path.lstat()
                # By a second name a user could have put a file of root's there.
                is_single = path.is_dir() or status.st_nlink == 1
                if status.st_uid == 0 and is_single:
                    os.chown(path, user.pw_uid, user.pw_gid, follow_symlinks=False)

    def refuse_unusable(self) -> None:
        """As that user the program must be there and understand the files. Raises
        `ReminderError` with what it says."""
        user = pwd.getpwnam(self.user)
        words = [*self.command, "check", "--config", str(self.config)]
        environ = {"PATH": os.defpath, "LC_ALL": os.environ.get("LC_ALL", "C.UTF-8")}
        try:
            ended = subprocess.run(  # noqa: S603 - this program, by another user
                words,
                user=user.pw_uid,
                group=user.pw_gid,
                extra_groups=[],
                cwd="/",
                env=environ | dict(self.environment),
                capture_output=True,
                text=True,
                check=False,
            )
            said, failed = ended.stderr.strip(), ended.returncode != 0
        except OSError as error:
            said, failed = f"{error.filename}: {error.strerror}", True
        if failed:
            facts = {"user": self.user, "said": said.splitlines()[-8:]}
            raise ReminderError.because("service_unusable", **facts)

    def _state_directory(self) -> str:
        """Of a folder at systemd's own place it sees to rights and presence."""
        state = self.settings.state_dir
        if state.parent != _STATES:
            return ""
        return f"StateDirectory={_quoted(state.name)}\nStateDirectoryMode=0700\n"

    def _paths(self) -> Iterator[Path]:
        """All that it reads."""
        yield from (self.config, self.settings.plan, *self.written())
        yield from (path for path in (self.settings.templates,) if path)
        for word in self.command[:1]:
            yield from (Path(word), Path(word).resolve())


def make_user(name: str) -> bool:
    """A user of the system without a log-in, where there is none of that name. Says whether it was
    made."""
    try:
        pwd.getpwnam(name)
    except KeyError:
        program = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin") or "useradd"
        words = ["--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
        shell = ["--shell", "/usr/sbin/nologin", name]
        subprocess.run([program, *words, *shell], check=True)  # noqa: S603 - no shell reads it
        return True
    return False


def refuse_other_unit(path: Path) -> None:
    """Raises `UsageError` where there is one that was not written here."""
    if path.exists() and not path.read_text(encoding="utf-8", errors="replace").startswith(_FIRST):
        raise UsageError.because("not_our_unit", file=str(path))


def write_unit(path: Path, text: str) -> None:
    """For all to read. Raises `UsageError` where another's is."""
    if path.is_file():
        refuse_other_unit(path)
    write_file(path, [text.encode()])
    if path.is_file():  # no stream
        path.chmod(0o644)


def tell_systemd() -> bool:
    """That there is something new, where it runs."""
    if not Path("/run/systemd/system").is_dir():  # sd_booted(3)
        return False
    subprocess.run(["/usr/bin/systemctl", "daemon-reload"], check=False)
    return True


def _is_in_a_home(path: Path) -> bool:
    return any(path.is_relative_to(home) for home in _HOMES)


def _outermost(paths: Iterable[Path]) -> list[Path]:
    """Each once, and none that lies in another one."""
    found = dict.fromkeys(path.absolute() for path in paths)
    return [path for path in found if not found.keys() & {*path.parents}]


def _command(words: Sequence[str]) -> str:
    """systemd.service(5), command lines: as of other values, and $ begins a variable."""
    return " ".join(_quoted(word).replace("$", "$$") for word in words)


def _quoted(text: str) -> str:
    """systemd.syntax(7), quoting; % begins a specifier, systemd.unit(5)."""
    text = text.replace("%", "%%")
    if text and all(c.isalnum() or c in "_@/.,:+=-%" for c in text):
        return text
    for character, written in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\t", "\\t")):
        text = text.replace(character, written)
    return f'"{text}"'
