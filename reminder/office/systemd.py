"""What systemd hears of this process: sd_notify(3), a datagram each time; silent without it."""

import logging
import os
import socket

from reminder.clock import monotonic
from reminder.events import Event
from reminder.office.activity import Activity

log = logging.getLogger(__name__)

READY, RELOADING, STOPPING, WATCHDOG = "READY=1", "RELOADING=1", "STOPPING=1", "WATCHDOG=1"
_PATIENCE = 1.0  # seconds for a manager that reads slowly


def notify(*lines: str) -> bool:
    """Whether it was said. A manager that does not listen is no reason to fail."""
    name = os.environ.get("NOTIFY_SOCKET", "")
    if not name.startswith(("/", "@")):
        return False
    # unix(7): the name of an abstract socket begins with NUL.
    address = f"\0{name[1:]}" if name.startswith("@") else name
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as to_manager:
            to_manager.settimeout(_PATIENCE)
            to_manager.sendto("\n".join(filter(None, lines)).encode(), address)
    except OSError as error:
        log.debug("systemd was not told %s: %s", lines[0], error, extra=Event.UNTOLD.of())
        return False
    return True


def moment() -> str:
    """Of a reload's begin, for units of the type notify-reload."""
    return f"MONOTONIC_USEC={int(monotonic() * 1_000_000)}"


def status(activity: Activity) -> str:
    """What `systemctl status` shows of it."""
    words = "delivers" if activity.delivers else "plans and serves, another process delivers"
    if activity.last_tick:
        ended = "ended" if activity.last_is_good else "failed"
        words += f"; a pass {ended} at {activity.last_tick:%Y-%m-%d %H:%M:%S} UTC"
    return f"STATUS={words}" + "".join(f"; {name}" for name in activity.troubles)
