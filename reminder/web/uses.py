"""When a link was last used: noted after the answer, for the list of links."""

import logging

from reminder.errors import LedgerError
from reminder.ledger.links import touch
from reminder.web.site import Site

log = logging.getLogger(__name__)


def note_use(site: Site, purpose: str, name: str) -> bool:
    """One at a time: a ledger that is being written must not keep every thread waiting."""
    if not site.noting.acquire(blocking=False):
        return False
    try:
        touch(site.database, purpose, name, site.clock.now())
    except LedgerError as error:
        log.warning("the use of the %s %s was not noted: %s", purpose, name, error)
        return False
    finally:
        site.noting.release()
    return True
