"""Certificates as mail servers show them, good and bad."""

import ssl
import warnings
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.mail.servers import server_tls

HOST = "127.0.0.1"


class Certificates:
    """What servers show; `authority` is the file that vouches for the good ones."""

    def __init__(self, folder: Path) -> None:
        known, past = trustme.CA(), datetime(2020, 1, 2, tzinfo=UTC)
        self.authority, self.own = folder / "authority.pem", folder / "own.pem"
        self.office = folder / "office.pem"
        known.cert_pem.write_to_path(self.authority)
        expired = _context(known.issue_cert(HOST, not_before=past, not_after=past + timedelta(1)))
        self.contexts = {
            "good": server_tls(known, HOST),
            "another host": server_tls(known, "mail.other.test"),
            "expired": expired,
            "self-signed": _self_signed(self.own),
            "no key identifier": _without_key_identifiers(self.office),
            "TLS 1.0": _outdated(server_tls(known, HOST)),
        }


def _context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(context)
    return context


def _outdated(context: ssl.SSLContext) -> ssl.SSLContext:
    with warnings.catch_warnings(action="ignore"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context


def _without_key_identifiers(authority: Path) -> ssl.SSLContext:
    """Signed by an office's own authority, as an old `openssl req -x509` made it."""
    key, start = ec.generate_private_key(ec.SECP256R1()), datetime(2020, 1, 1, tzinfo=UTC)
    ends = start + timedelta(days=36500)
    office = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Office CA")])
    ca = (
        x509.CertificateBuilder(office, office, key.public_key(), x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    authority.write_bytes(ca.public_bytes(serialization.Encoding.PEM))
    own, file = ec.generate_private_key(ec.SECP256R1()), authority.with_name("office-mail.pem")
    host = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.test")])
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))])
    leaf = (
        x509.CertificateBuilder(office, host, own.public_key(), x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(ends)
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    return _shown(leaf, own, file)


def _self_signed(file: Path) -> ssl.SSLContext:
    """Writes the certificate to `file`, its key beside it."""
    key, name = ec.generate_private_key(ec.SECP256R1()), NameOID.COMMON_NAME
    me = x509.Name([x509.NameAttribute(name, "mail.test")])
    start = datetime(2020, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder(me, me, key.public_key(), x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=36500))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))]), False)
        .sign(key, hashes.SHA256())
    )
    return _shown(certificate, key, file)


def _shown(
    certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey, file: Path
) -> ssl.SSLContext:
    """Written to the file, its key beside it."""
    file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    file.with_suffix(".key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file, file.with_suffix(".key"))
    return context
