"""Which occasions are complete, and what a look for old bytes goes by."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("occasion", sa.Column("made_from", sa.String(), nullable=True))
    op.create_index("message_stored", "message", ["stored"], unique=False)
