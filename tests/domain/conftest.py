"""The shipped office, for the rules that are held against the real table."""

import pytest

from reminder.documents.office import Office, load_office


@pytest.fixture(scope="session")
def office() -> Office:
    return load_office()
