"""Certificates as mail servers show them, good and bad."""

import ssl
import warnings
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.mail.servers import server_tls

HOST = "127.0.0.1"
OURS = x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))])
ANY = x509.BasicConstraints(ca=True, path_length=None)


class Certificates:
    """What servers show; `authority` is the file that vouches for the good ones."""

    def __init__(self, folder: Path) -> None:
        known, past = trustme.CA(), datetime(2020, 1, 2, tzinfo=UTC)
        self.authority, self.own = folder / "authority.pem", folder / "own.pem"
        self.office = folder / "office.pem"
        known.cert_pem.write_to_path(self.authority)
        expired = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        ended = {"not_before": past, "not_after": past + timedelta(1)}
        known.issue_cert(HOST, **ended).configure_cert(expired)
        self.contexts = {
            "good": server_tls(known, HOST),
            "another host": server_tls(known, "mail.other.test"),
            "expired": expired,
            "self-signed": _Signed("mail.test", OURS).shown(self.own),
            "no key identifier": _without_key_identifiers(self.office),
            "TLS 1.0": _outdated(server_tls(known, HOST)),
        }


def _outdated(context: ssl.SSLContext) -> ssl.SSLContext:
    with warnings.catch_warnings(action="ignore"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context


def _without_key_identifiers(authority: Path) -> ssl.SSLContext:
    """Signed by an office's own authority, as an old `openssl req -x509` made it."""
    office = _Signed("Office CA", ANY)
    office.shown(authority)
    return _Signed("mail.test", OURS, office).shown(authority.with_name("office-mail.pem"))


class _Signed:
    """By another, or by itself."""

    def __init__(self, name: str, says: x509.ExtensionType, by: "_Signed | None" = None) -> None:
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.key, start = ec.generate_private_key(ec.SECP256R1()), datetime(2020, 1, 1, tzinfo=UTC)
        issuer, number = (by or self).name, x509.random_serial_number()
        self.certificate = (
            x509.CertificateBuilder(issuer, self.name, self.key.public_key(), number)
            .not_valid_before(start)
            .not_valid_after(start + timedelta(days=36500))
            .add_extension(says, critical=says is ANY)
            .sign((by or self).key, hashes.SHA256())
        )

    def shown(self, file: Path) -> ssl.SSLContext:
        """Written to the file, its key beside it."""
        form = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        file.write_bytes(self.certificate.public_bytes(Encoding.PEM))
        file.with_suffix(".key").write_bytes(self.key.private_bytes(*form))
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(file, file.with_suffix(".key"))
        return context
