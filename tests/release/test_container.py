"""The recipes for containers: what a linter and compose itself say of them."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from reminder.documents.settings import Settings

FOLDER = Path(__file__).parents[2] / "contrib" / "container"


def test_the_linter_has_no_word_on_the_image() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run(
        [hadolint, FOLDER / "Containerfile"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_image_is_healthy_where_the_daemon_says_that_it_is() -> None:
    port = Settings.model_fields["web"].default.port
    recipe = (FOLDER / "Containerfile").read_text()
    assert re.findall(r"http://[\w.]+:(\d+)(/\w+)", recipe) == [(str(port), "/readyz")]
    assert f"EXPOSE {port}" in recipe


@pytest.fixture(scope="module")
def composed(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """As compose reads it."""
    if (program := shutil.which("docker-compose")) is None:
        words = "docker-compose is not on this machine: apt-get install docker-compose"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(words)
    place = tmp_path_factory.mktemp("reminder") / "contrib" / "container"
    shutil.copytree(FOLDER, place)
    command = [program, "--file", str(place / "compose.yaml"), "config"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return yaml.safe_load(done.stdout)


def test_compose_reads_it_and_no_password_stands_in_it(
    composed: Any,
) -> None:
    services, secrets = composed["services"], composed["secrets"]
    used = {secret["source"] for one in services.values() for secret in one["secrets"]}
    assert used == set(secrets) == {"postgres_password", "database_url"}
    settings = {
        name: text for one in services.values() for name, text in one["environment"].items()
    }
    assert [name for name in settings if "PASSWORD" in name] == ["POSTGRES_PASSWORD_FILE"]
    assert settings["REMINDER_SECRETS_DIR"] == "/run/secrets"


def test_the_daemon_may_write_its_volumes_and_nothing_else(
    composed: Any,
) -> None:
    daemon = composed["services"]["reminder"]
    assert (daemon["read_only"], daemon["cap_drop"]) == (True, ["ALL"])
    places = [volume.split(":")[1] for volume in daemon["volumes"]]
    recipe = (FOLDER / "Containerfile").read_text()
    assert places == re.findall(r"REMINDER_(?:CONFIG|STATE_DIR)=(\S+)", recipe)
