"""Cookies: named after the installation, and kept as tightly as the site's address allows."""

from typing import Literal

from starlette.requests import Request
from starlette.responses import Response

from reminder.documents.settings import WebSettings
from reminder.ledger.access import InstallationKey
from reminder.web.site import Site, site_of


def cookie_name(key: InstallationKey, web: WebSettings, name: str) -> str:
    """Browsers keep cookies by host, whatever the port: two installations on one host must not
    take each other's.

    RFC 6265bis, 4.1.3: of an https site nobody else sets these, by its prefix; a site below a
    path shares its host with others, who would be sent what belongs to the whole of it.
    """
    prefix = ("__Secure-" if web.root else "__Host-") if web.is_https else ""
    return f"{prefix}{name}-{key.derive('cookies', '', 8)}"


def cookie(request: Request, name: str) -> str:
    """Its value; empty without it."""
    return request.cookies.get(_name(site_of(request), name), "")


def set_cookie(
    request: Request,
    response: Response,
    name: str,
    value: str,
    *,
    seconds: int | None = None,
    path: str = "/",
    samesite: Literal["lax", "strict"] = "strict",
) -> None:
    """`path` is of pages as the application knows them; a cookie named `__Host-` has none."""
    site = site_of(request)
    web = site.settings.web
    response.set_cookie(
        _name(site, name),
        value,
        max_age=seconds,
        path="/" if web.is_https and not web.root else site.outside(path).rstrip("/") or "/",
        httponly=True,
        samesite=samesite,
        secure=web.is_https,
    )


def _name(site: Site, name: str) -> str:
    return cookie_name(site.key, site.settings.web, name)
