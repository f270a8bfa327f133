"""What was refused goes again: of an occasion all that did not arrive, and nothing that did."""

from reminder.domain.notices import Kind
from reminder.errors import UsageError
from reminder.ledger.views import NoticeFilter, read_notices, refused
from reminder.mail.chunks import batched
from reminder.office import operations
from reminder.office.application import Application

KINDS = (Kind.DIGEST, Kind.NUDGE, Kind.OVERDUE, Kind.RECEIPT)


def to_resend(app: Application, kind: Kind, period: str) -> list[str]:
    """Keys of what was refused in that month and not sent again since, less what has nothing to
    say any more, or nobody to say it to."""
    with app.database.read() as connection:
        found = refused(connection, NoticeFilter(period, kind))
        receivers = ((key, app.table.directory.receiver(unit)) for key, unit in found)
        keys = [key for key, unit in receivers if unit and unit.has_address]
        views = read_notices(connection, keys=keys)
        return [v.key for v in views if not operations.why_needless_now(app, connection, v)]


def resend_refused(app: Application, kind: Kind, period: str) -> int:
    """Each to its unit's addresses that were not reached. Returns how many go.

    What somebody else sends again meanwhile, and what nobody is left for, is passed over.
    """
    made = 0
    for some in batched(to_resend(app, kind, period)):
        with app.database.write() as connection:
            for view in read_notices(connection, keys=some):
                try:
                    operations.make_again(app, connection, view)
                except UsageError:
                    continue
                made += 1
    app.wake()
    return made
