"""Variables that Kubernetes and Docker set for a service of our name, which are no settings.

A service `reminder`, or `reminder-db`, gives every container beside it REMINDER_SERVICE_HOST,
REMINDER_SERVICE_PORT, REMINDER_SERVICE_PORT_HTTP, REMINDER_PORT=tcp://10.0.0.1:80,
REMINDER_PORT_80_TCP, …_TCP_ADDR and so on; Docker's links also REMINDER_NAME=/us/them and
REMINDER_ENV_….
"""

import re
from collections.abc import Mapping

from reminder.errors import Fault

_SHAPE = re.compile(
    r"REMINDER(_[A-Z0-9_]+)?_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?"
    r"|PORT_\d+_(TCP|UDP|SCTP)(_(START|END))?(_(ADDR|PORT|PROTO))?)"
)
# Told from a setting that is mistyped (REMINDER_PORT=8026) by the value alone.
_VALUED = {"PORT": re.compile(r"(tcp|udp|sctp)://.*"), "NAME": re.compile(r"/[^/]+/[^/]+")}


def service_variables(environ: Mapping[str, str]) -> list[str]:
    shaped = [name for name in environ if name.startswith("REMINDER_") and _is_shaped(name)]
    valued = [name for name, value in environ.items() if _is_valued(name, value)]
    links = [f"{n.removesuffix('NAME')}ENV_" for n in valued if n.endswith("_NAME")]
    copied = [name for name in environ if any(map(name.startswith, links))]
    return sorted({*shaped, *valued, *copied})


def warning(names: list[str]) -> Fault:
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    words = "set by Kubernetes or Docker for a service of that name: no settings, passed over"
    return Fault("environment", 0, f"{names[0]}{more}", words)


def _is_shaped(name: str) -> bool:
    return bool(_SHAPE.fullmatch(name))


def _is_valued(name: str, value: str) -> bool:
    last = name.rpartition("_")[2]
    is_ours = name.startswith("REMINDER_") and last in _VALUED
    return is_ours and bool(_VALUED[last].fullmatch(value))
