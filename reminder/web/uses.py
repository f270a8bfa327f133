"""For feeds: when a link was last used."""

from reminder.office import access
from reminder.web.site import Site


def note_use(site: Site, purpose: str, name: str) -> bool:
    return access.note_use(site.app, purpose, name)
