"""Numbers for Prometheus, and what this process has answered."""

import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reminder.office.links import opens_metrics
from reminder.office.metrics import METRICS, SUM, Labels, Metric, MetricReader, Values
from reminder.web.feeds import accepts_gzip
from reminder.web.page import Page

if TYPE_CHECKING:
    from prometheus_client.core import HistogramMetricFamily
    from prometheus_client.core import Metric as Family

PATH = "/metrics"
AREAS = ("console", "units", "outbox", "static", "healthz", "readyz", "metrics")
_OPEN = "application/openmetrics-text;version=1.0.0"
_CLOSED = "A bearer token opens this page: reminder metrics token\n"


class RequestCounts:
    """By what was asked for and the answer's status; of the server's own thread."""

    def __init__(self) -> None:
        self.feeds: Counter[Labels] = Counter()
        self.pages: Counter[Labels] = Counter()

    def around(self, app: ASGIApp) -> ASGIApp:
        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            async def send_and_count(message: Message) -> None:
                if message["type"] == "http.response.start":
                    self._count(scope["path"], str(message["status"]))
                await send(message)

            await app(scope, receive, send_and_count)

        return answer

    def _count(self, path: str, status: str) -> None:
        if path.startswith("/feeds/"):
            self.feeds[_feed(path), status] += 1
        else:
            self.pages[_area(path), status] += 1


def _feed(path: str) -> str:
    name = path.rpartition("/")[2]
    if "~" in name:
        return "reader"
    return "plan" if name.startswith("plan.") else "unit"


def _area(path: str) -> str:
    first = path[1:].partition("/")[0]
    if first in AREAS:
        return first
    return "other" if first else "front"


class Metrics:
    """A page of plain text for monitoring; `around` goes around all answers to count them."""

    def __init__(self) -> None:
        self._reader = MetricReader()
        self._counts = RequestCounts()
        self.around = self._counts.around

    def page(self, page: Page) -> Response:
        """With a bearer token (RFC 6750, 2.1), which `reminder metrics token` prints."""
        opened = page.settings.web.metrics
        if opened == "off":
            raise HTTPException(404)
        kind, _, token = page.request.headers.get("authorization", "").partition(" ")
        is_bearer = kind.lower() == "bearer"
        if opened == "token" and not (
            is_bearer and opens_metrics(page.app, page.connection, token.strip())
        ):
            return PlainTextResponse(_CLOSED, 401, {"WWW-Authenticate": "Bearer"})
        values = self._reader.read(page.app, page.connection, page.at)
        page.end_reading()
        requests = {"feed": self._counts.feeds, "page": self._counts.pages}
        counted = {f"reminder_{what}_requests": dict(of) for what, of in requests.items()}
        body, kind = _written({**values, **counted}, page.request.headers.get("accept", ""))
        return _answer(page, body, kind)


def _answer(page: Page, body: bytes, kind: str) -> Response:
    headers = {"Content-Type": kind, "Vary": "Accept, Accept-Encoding"}
    if accepts_gzip(page.request.headers.get("accept-encoding", "")):
        body = zlib.compress(body, wbits=zlib.MAX_WBITS | 16)
        headers["Content-Encoding"] = "gzip"
    return Response(body, headers=headers)


def _written(values: Mapping[str, Values], accept: str) -> tuple[bytes, str]:
    """As OpenMetrics for who names it, else in the older form that Prometheus has."""
    # Only where somebody watches.
    from prometheus_client import ProcessCollector
    from prometheus_client.exposition import choose_encoder
    from prometheus_client.registry import CollectorRegistry

    registry = CollectorRegistry(auto_describe=False)
    ProcessCollector(registry=registry)
    registry.register(_Families(values))
    encode, kind = choose_encoder(_OPEN if _OPEN.partition(";")[0] in accept else "")
    return encode(registry), kind


@dataclass(frozen=True, eq=False)
class _Families:
    """As the library collects them."""

    values: Mapping[str, Values]

    def collect(self) -> Iterator["Family"]:
        return (_family(metric, self.values.get(metric.name, {})) for metric in METRICS)


def _family(metric: Metric, values: Values) -> "Family":
    from prometheus_client import core

    if metric.kind == "histogram":
        return _histogram(core.HistogramMetricFamily(**_named(metric)), values)
    make = core.CounterMetricFamily if metric.kind == "counter" else core.GaugeMetricFamily
    family = make(**_named(metric))
    for labels, value in sorted(values.items()):
        family.add_metric(labels, float(value))
    return family


def _histogram(family: "HistogramMetricFamily", values: Values) -> "Family":
    buckets = defaultdict[Labels, list[tuple[str, float]]](list)
    for (*labels, bound), value in values.items():
        if bound != SUM:
            buckets[tuple(labels)].append((bound, value))
    for of, bounds in buckets.items():
        family.add_metric(of, bounds, values[*of, SUM])
    return family


def _named(metric: Metric) -> dict[str, Any]:
    return {"name": metric.name, "documentation": metric.meaning, "labels": metric.labels}
