"""Brings a ledger to the present tables. The only file that imports Alembic."""

from pathlib import Path

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import RevisionStep
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from reminder.ledger.schema import REVISION, metadata


def upgrade(connection: Connection, to: str = REVISION) -> None:
    """Within its transaction: all of it, or nothing."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    scripts = ScriptDirectory.from_config(config)

    def steps(revision: object, _context: object) -> list[RevisionStep]:
        return list(scripts._upgrade_revs(to, revision))  # type: ignore[arg-type]

    with EnvironmentContext(config, scripts, fn=steps) as environment:
        environment.configure(connection=connection, target_metadata=metadata)
        environment.run_migrations()
