"""Which occasions are complete, and what a look for old bytes goes by."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("occasion", sa.Column("made_from", sa.String(), nullable=True))
    # What was noted before this version was complete, though nobody knows from what.
    op.execute("UPDATE occasion SET made_from = ''")
    op.create_index("reminded_step", "reminded", ["task", "due", "step"], unique=False)
    op.create_index("message_stored", "message", ["stored"], unique=False)
