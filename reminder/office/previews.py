"""Digests written out to be read before they go: one, or all of a period with an index."""

import email
import sys
from email.policy import default
from pathlib import Path
from typing import Literal

from reminder.documents.templates import environment, render
from reminder.office import operations
from reminder.office.application import Application
from reminder.output_files import output_folder, write_file

Form = Literal["html", "text", "eml"]


def part(content: bytes, form: Form) -> bytes:
    if form == "eml":
        return content
    message = email.message_from_bytes(content, policy=default)
    body = message.get_body(("plain",) if form == "text" else ("html",))
    return str(body.get_content()).encode() if body else b""


def write_one(content: bytes, form: Form, output: Path | None) -> None:
    """To the file, or to standard output; `eml` is the message byte for byte."""
    data = part(content, form)
    if output:
        write_file(output, data)
    else:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()


def write_all(app: Application, period: str, folder: Path) -> int:
    """UNIT.eml and UNIT.html for each, and index.html with all of them, to be printed."""
    table, month = app.table, operations.month_of(app, period)
    files, mails, missing = {}, [], []
    for unit_id in operations.receivers(app, period):
        unit = table.directory[unit_id]
        if not unit.has_address:
            missing.append(unit.name)
            continue
        composed = operations.preview(app, unit, period)
        message = email.message_from_bytes(composed.content, policy=default)
        files[f"{unit_id}.eml"] = composed.content
        files[f"{unit_id}.html"] = part(composed.content, "html")
        mails.append(
            {
                "unit": unit.name,
                "file": f"{unit_id}.html",
                "subject": str(message["Subject"]),
                "to": "，".join(composed.recipients),
                "text": part(composed.content, "text").decode(),
            }
        )
    values = {
        "plan": table.plan,
        "period": period,
        "month": month,
        "mails": mails,
        "missing": missing,
        "due": table.digest_due(month),
    }
    index = render(environment(app.settings, autoescape=True), "web/preview.html", values)
    with output_folder(folder, make=True) as output:
        for name, content in {**files, "index.html": index.encode()}.items():
            output.write(name, [content])
    return len(mails)
