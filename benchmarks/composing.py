"""What one digest costs to build, beside building the same mail with EmailMessage.

Both in one run, on the same content; prints medians and their ratio.
"""

import email
import statistics
import time
from collections.abc import Callable
from email.message import EmailMessage
from email.policy import SMTP, default

from reminder.delivery.message import Composer, Knowledge
from reminder.domain.occasions import digest_draft
from reminder.domain.windows import Progress
from reminder.storage.ledger.keys import InstallationKey
from reminder.storage.office import load_office

ROUNDS = 300


def median(work: Callable[[], object]) -> float:
    """Milliseconds."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1000


def main() -> None:
    composer = Composer(load_office(), InstallationKey(b"only for a benchmark"))
    draft = digest_draft(composer.office.table, 4, "helan")
    known = Knowledge(draft.due, Progress())
    composed = composer.compose(draft, known)
    parsed = email.message_from_bytes(composed.content, policy=default)
    assert isinstance(parsed, EmailMessage)
    headers = [(name, str(parsed[name])) for name in ("From", "To", "Subject", "Message-ID")]
    bodies = [str(part.get_content()) for part in parsed.iter_parts()]  # type: ignore[attr-defined]

    def with_email_message() -> bytes:
        message = EmailMessage(policy=SMTP)
        for name, value in headers:
            message[name] = value
        message.set_content(bodies[0], cte="base64")
        message.add_alternative(bodies[1], subtype="html", cte="base64")
        return message.as_bytes()

    whole = median(lambda: composer.compose(draft, known))
    content = median(lambda: composer.content(draft, known))
    theirs = median(with_email_message)
    print(f"a digest: {whole:.2f} ms, of which content {content:.2f} ms")
    print(f"EmailMessage for headers and bodies alone: {theirs:.2f} ms")
    print(f"ratio, whole digest to EmailMessage alone: {whole / theirs:.2f}")


if __name__ == "__main__":
    main()
