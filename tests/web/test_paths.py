"""A site below a path, behind a real nginx that takes the path off or passes it on."""

import re
import socket
from collections import Counter
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx2
import pytest

from reminder.clock import Clock
from reminder.documents.office import load_office
from reminder.domain.addresses import PAGES
from reminder.mail.transports.maildir import messages
from reminder.office.application import Application
from reminder.office.links import local_address
from reminder.office.login import set_password
from reminder.web.app import create_app
from tests.daemon.trials import parsed, text_of
from tests.nginx import free_port, nginx
from tests.web.conftest import AT, begin, stop
from tests.web.test_attacks import ask

PASSWORD = "correct horse battery"
# The site's path, and what the proxy does with it: takes it off, passes it on, nearly takes it off.
WAYS = {
    "stripped": ("/reminder", "location {root}/ {{ proxy_pass http://127.0.0.1:{to}/; }}"),
    "passed-on": (
        "/%E6%8F%90%E9%86%92",
        "location {root}/ {{ proxy_pass http://127.0.0.1:{to}; }}",
    ),
    "sloppy": ("/a/b", "location {root} {{ proxy_pass http://127.0.0.1:{to}/; }}"),
}
# What tells pages of one kind apart: months, units, notices, messages.
KIND = re.compile(r"[0-9]+|[0-9A-Za-z_-]{20,}|key=.*|(?<=units/)[a-z-]+")
NGINX = """
  server {{
    listen 127.0.0.1:{port};
    location / {{ return 421; }}
    {location}
  }}
"""


class Below:
    """A browser's way through the site: whatever it is led to must lie below the path."""

    def __init__(self, base: str, app: Application) -> None:
        self.base, self.app = base, app
        self.client = httpx2.Client(follow_redirects=False)

    def get(self, url: str) -> Any:
        answer = self.client.get(url)
        while answer.is_redirect:
            url = urljoin(url, answer.headers["Location"])
            self.must_hold(url)
            answer = self.client.get(url)
        return answer

    def must_hold(self, url: str) -> None:
        assert re.match(rf"{re.escape(self.base)}(/|[?#]|$)", url), url

    def post(self, url: str, **fields: str) -> str:
        """Where the form leads."""
        answer = self.client.post(url, data=fields)
        assert answer.status_code == 303, answer.text
        place = urljoin(url, answer.headers["Location"])
        self.must_hold(place)
        return place

    def walk(self, *starts: str) -> set[str]:
        """Follows the addresses of every page, of links, pictures, frames, scripts, styles and
        forms, two of each kind, and says which it has seen."""
        seen: set[str] = set()
        kinds = Counter[str]()
        waiting = list(starts)
        while waiting:
            url = waiting.pop().partition("#")[0]
            if url in seen:
                continue
            seen.add(url)
            kinds[kind := KIND.sub("*", url)] += 1
            if kinds[kind] > 2:
                continue
            answer = self.get(url)
            assert answer.status_code == 200, url
            if not answer.headers["Content-Type"].startswith("text/html"):
                continue
            for tag, address in re.findall(
                r'(<\w[^>]*\s(?:href|src|action)="([^"]+)"[^>]*>)', answer.text
            ):
                if (there := self.place(url, unescape(address))) and 'method="post"' not in tag:
                    waiting.append(there)
                elif there:
                    assert self.client.post(there).status_code == 415, there  # no form came
        return seen

    def place(self, url: str, address: str) -> str:
        """Nothing for what belongs to somebody else, or is only one more of very many."""
        there = urljoin(url, address)
        if urlsplit(there).netloc != urlsplit(self.base).netloc or there.startswith("webcal:"):
            return ""
        self.must_hold(there)
        many = re.search(r"/console/(units|links)/(?!deputies)|notice\?key=(?!.*deputies)", there)
        return "" if many else there


@pytest.fixture(params=WAYS.values(), ids=WAYS, scope="module")
def below(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Below]:
    tmp_path = tmp_path_factory.mktemp("below")
    root, location = request.param
    port, listener = free_port(), socket.create_server(("127.0.0.1", 0))
    to = listener.getsockname()[1]
    base = f"http://127.0.0.1:{port}{root}"
    given = {"state_dir": tmp_path / "state", "web": {"base_url": base}}
    office = load_office(command_line=given)
    app = Application(office, Clock(AT))
    app.tick()
    set_password(app, PASSWORD)
    running = begin(create_app(app), listener)
    where = location.format(root=root.replace("%E6%8F%90%E9%86%92", "提醒"), to=to)
    with nginx(tmp_path / "nginx", port, NGINX.format(port=port, location=where)):
        found = Below(base, app)
        assert found.get(local_address(app, base)).status_code == 200
        wanted = re.search(r'name="next" value="([^"]*)"', found.get(f"{base}/console/month").text)
        place = found.post(f"{base}/console/login", password=PASSWORD, next=wanted[1])
        assert place == f"{base}/console/month"
        yield found
        found.client.close()
    stop(*running)
    app.database.close()


def link(below: Below) -> str:
    """Of a unit's page, as it stands in its mail."""
    mails = [parsed(path.read_bytes()) for path in messages(below.app.settings.outbox)]
    mail = next(mail for mail in mails if "deputies@" in str(mail["To"]))
    return re.search(rf"{re.escape(below.base)}/units/\S+", text_of(mail))[0]


@pytest.mark.long
def test_every_address_of_every_page_lies_below_the_path_and_answers(below: Below) -> None:
    seen = below.walk(f"{below.base}/console", link(below), below.base)
    paths = {urlsplit(url).path.removeprefix(urlsplit(below.base).path) for url in seen}
    assert {path.split("/")[1] for path in paths if path} >= {"static", "console", "units", "feeds"}
    assert len(seen) > 60


def test_cookies_and_redirects_stay_below_the_path(below: Below) -> None:
    root = urlsplit(below.base).path
    page = link(below)
    below.post(f"{page}/sign", who="值班员", period="2026-04")
    assert "已签收" in below.get(page).text
    cookies = {cookie.path for cookie in below.client.cookies.jar}
    assert all(path == root or path.startswith(f"{root}/") for path in cookies)
    assert below.get(f"{below.base}/console/units/deputies").status_code == 200


@pytest.mark.parametrize("path", ["", "/", "/console", "/console/month", "/static/style.css"])
def test_path_is_understood_with_and_without_what_stands_before_it(house: Any, path: str) -> None:
    web = house.settings.web
    house.set(web=web.model_copy(update={"base_url": "http://127.0.0.1/a/b"}))
    plain, below = (ask(house.app, root + (path or "/")) for root in ("", "/a/b"))
    assert (plain.status, plain.body) == (below.status, below.body)
    assert plain.status in (200, 403)
    assert ask(house.app, f"/a/bc{path}").status == 404


def test_no_address_in_a_template_leaves_the_path_out() -> None:
    for path in Path("templates/zh-CN/web").rglob("*.html"):
        assert not re.search(r'(href|src|action)="/', path.read_text()), path


def test_a_site_is_not_put_below_the_name_of_its_own_pages(house: Any) -> None:
    assert {route.path.split("/")[1] for route in house.routes} - {""} == PAGES
