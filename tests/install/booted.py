"""A real systemd, as the first process of namespaces of its own, over this machine's files."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Nothing of this machine can be written from there: its files are read-only, and accounts, states,
# temporary files and all units its own. Of Debian's units none is known: they would tidy up /tmp.
_BOOT = """\
set -e
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs {folder}
mkdir {folder}/etc {folder}/work
mount -t overlay overlay -o lowerdir=/etc,upperdir={folder}/etc,workdir={folder}/work /etc
mount -t tmpfs -o mode=755 tmpfs /etc/systemd/system
for place in /run /tmp /var/lib /var/tmp; do mount -t tmpfs -o mode=1777 tmpfs $place; done
umount -R /sys/fs/cgroup || true
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount --bind /proc/sys /proc/sys
mount -o remount,bind,ro /proc/sys
mount -o remount,bind,ro /
! touch /var/x 2>/dev/null
! touch /opt/x 2>/dev/null
for name in trial sysinit basic shutdown network-online multi-user; do
  printf '[Unit]\\nDefaultDependencies=no\\n' > /etc/systemd/system/$name.target
done
export container=unshare SYSTEMD_UNIT_PATH=/etc/systemd/system
exec /lib/systemd/systemd --system --unit=trial.target --log-target=null --show-status=false
"""
_PATIENCE = 20  # seconds


class Machine:
    def __init__(self, process: int) -> None:
        self._inside = ["nsenter", "--target", str(process), "--all", "--wd=/"]

    def ended(self, *words: str) -> subprocess.CompletedProcess[str]:
        words = (*self._inside, *words)
        return subprocess.run(words, capture_output=True, text=True, check=False)

    def __call__(self, *words: str) -> str:
        ended = self.ended(*words)
        assert ended.returncode == 0, (words, ended.stdout, ended.stderr)
        return ended.stdout.strip()

    def shown(self, unit: str, name: str) -> str:
        return self("systemctl", "show", unit, "--value", "-p", name)

    def until(self, unit: str, name: str, *wanted: str, within: float = _PATIENCE) -> str:
        """It is one of these; returns which."""
        end = time.monotonic() + within
        while (value := self.shown(unit, name)) not in wanted:
            assert time.monotonic() < end, (name, value)
            time.sleep(0.2)
        return value


@contextmanager
def booted(folder: Path) -> Iterator[Machine]:
    """Ends with all that it began."""
    own = ("--pid", "--fork", "--mount", "--uts", "--ipc", "--cgroup", "--mount-proc")
    words = ["unshare", *own, "--kill-child", "sh", "-c", _BOOT.format(folder=folder)]
    with subprocess.Popen(words, stdin=subprocess.DEVNULL) as outer:
        try:
            yield _machine(outer)
        finally:
            outer.kill()


def _machine(outer: subprocess.Popen[bytes]) -> Machine:
    end = time.monotonic() + _PATIENCE
    children = Path(f"/proc/{outer.pid}/task/{outer.pid}/children")
    while time.monotonic() < end and outer.poll() is None:
        if child := children.read_text().split():
            machine = Machine(int(child[0]))
            if machine.ended("systemctl", "is-active", "trial.target").stdout == "active\n":
                return machine
        time.sleep(0.1)
    raise AssertionError("systemd did not begin")
