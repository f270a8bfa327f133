"""How a mail server is told who we are: a password, a token, a certificate."""

import hmac
import unicodedata
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from stringprep import in_table_b1, in_table_c12

from reminder.documents.server_sections import SmtpSettings
from reminder.errors import ServerError
from reminder.mail.oauth import AccessToken, TokenSource
from reminder.mail.transports.smtp_client import Client, SmtpLogIn, error_text, readable, reply_text

# Over TLS the plainest is the best supported; CRAM-MD5 for servers that offer nothing else.
_BY_PASSWORD = ("PLAIN", "LOGIN", "CRAM-MD5")
_BY_TOKEN = ("XOAUTH2", "OAUTHBEARER")
# What Exchange offers to machines of its domain.
_OF_WINDOWS = {"GSSAPI", "GSS-SPNEGO", "NEGOTIATE", "NTLM", "X-EXPS"}
# RFC 4954 sections 4 and 6: this mechanism is unknown, too weak, or needs more encryption.
_OTHER_LOG_IN = (504, 534, 538)
_COMMAND = 512  # RFC 5321 section 4.5.3.1.4, with its line end
_ROUNDS = 5  # challenges; no mechanism here has more than two

Answer = Callable[[bytes], bytes]


class TokenRefusedError(ServerError):
    """It may have been withdrawn: another one may do."""

    token: AccessToken


def log_in(
    smtp: Client,
    server: str,
    options: SmtpSettings,
    tokens: TokenSource | None,
    refused: AccessToken | None = None,
) -> SmtpLogIn:
    """As the settings say and the server offers. Raises `ServerError`; of a token a
    `TokenRefusedError`, for whoever comes again with that one as `refused`."""
    offered = smtp.esmtp_features.get("auth", "").upper().split()
    if options.by_token and tokens:
        method = next((method for method in _BY_TOKEN if method in offered), "")
        if not method:
            raise ServerError.lasting("no_token_log_in", server=server, methods=_listed(offered))
        return _by_token(smtp, server, method, options.username, tokens.token(refused))
    if options.username:
        return _by_password(smtp, server, options, offered)
    if options.client_cert and "EXTERNAL" in offered:
        return _by_certificate(smtp, server, options)
    return SmtpLogIn()


def _by_password(
    smtp: Client, server: str, options: SmtpSettings, offered: Sequence[str]
) -> SmtpLogIn:
    user, password = options.username, options.password.get_secret_value()
    methods = [method for method in _BY_PASSWORD if method in offered]
    if not methods:
        raise _not_offered(server, offered)
    for method in methods:
        first, answer = _WAYS[method](user, password)
        code, words = _converse(smtp, method, first, answer)
        if code == 235:
            return SmtpLogIn(method)
        if code not in _OTHER_LOG_IN:
            break
    shown = _struck(words, [f"\0{user}\0{password}", password] if password else [])
    raise _refused(code, "log_in_refused", server=server, user=user, words=shown)


def _by_token(smtp: Client, server: str, method: str, user: str, token: AccessToken) -> SmtpLogIn:
    heard: list[bytes] = []

    def answer(challenge: bytes) -> bytes:
        """Why not, in JSON; the mechanism ends with a response that says nothing."""
        heard.append(challenge)
        return b"" if method == "XOAUTH2" else b"\1"

    message = _token_message(method, user, token.text)
    code, words = _converse(smtp, method, message, answer)
    if code == 235:
        return SmtpLogIn(method, token.until)
    shown = _struck(" ".join([words, *map(readable, heard)]), [message.decode(), token.text])
    facts = {"server": server, "user": user, "words": shown}
    if not 500 <= code < 600:
        raise ServerError.because("token_log_in_refused", **facts)
    error = TokenRefusedError.lasting("token_log_in_refused", **facts)
    error.token = token
    raise error


def _token_message(method: str, user: str, token: str) -> bytes:
    """As Google and Microsoft write it, or RFC 7628 section 3.1."""
    if method == "XOAUTH2":
        return f"user={user}\1auth=Bearer {token}\1\1".encode()
    name = user.replace("=", "=3D").replace(",", "=2C")
    return f"n,a={name},\1auth=Bearer {token}\1\1".encode()


def _by_certificate(smtp: Client, server: str, options: SmtpSettings) -> SmtpLogIn:
    """Whose it is, the server has read in it (RFC 4422 appendix A)."""
    code, words = _converse(smtp, "EXTERNAL", b"", lambda challenge: b"")
    if code == 235:
        return SmtpLogIn("EXTERNAL")
    facts = {"server": server, "path": options.client_cert, "words": words}
    raise _refused(code, "certificate_log_in_refused", **facts)


def _not_offered(server: str, offered: Sequence[str]) -> ServerError:
    """By what the server offers instead: each has its own way round."""
    methods = _listed(offered)
    if not offered:
        return ServerError.lasting("no_log_in_offered", server=server)
    if set(offered) <= _OF_WINDOWS:
        return ServerError.lasting("windows_log_in_alone", server=server, methods=methods)
    if set(offered) & set(_BY_TOKEN):
        return ServerError.lasting("token_log_in_alone", server=server, methods=methods)
    known = ", ".join(_BY_PASSWORD)
    return ServerError.lasting("no_log_in_known", server=server, methods=methods, known=known)


def _listed(offered: Sequence[str]) -> str:
    return readable(", ".join(offered)) or "-"


def _refused(code: int, reason: str, **facts: object) -> ServerError:
    said = ServerError.lasting if 500 <= code < 600 else ServerError.because
    return said(reason, **facts)


def _plain(user: str, password: str) -> tuple[bytes | None, Answer]:
    """RFC 4616: in UTF-8, as they are; to prepare them is for the server."""
    message = f"\0{user}\0{password}".encode()
    return message, lambda challenge: message  # who passed over it asks for it


def _login(user: str, password: str) -> tuple[bytes | None, Answer]:
    """No standard says how it is encoded; servers compare the bytes of UTF-8."""
    return user.encode(), lambda challenge: password.encode()


def _cram_md5(user: str, password: str) -> tuple[bytes | None, Answer]:
    """RFC 2195. Only a digest is told, so what is beyond ASCII is prepared here (RFC 4013)."""
    key = _prepared(password)

    def answer(challenge: bytes) -> bytes:
        digest = hmac.new(key, challenge, "md5").hexdigest()
        return b"%s %s" % (_prepared(user), digest.encode())

    return None, answer


_WAYS = {"PLAIN": _plain, "LOGIN": _login, "CRAM-MD5": _cram_md5}


def _prepared(text: str) -> bytes:
    """SASLprep but for what it forbids: that no server has for a password (RFC 4013 section 2)."""
    mapped = (" " if in_table_c12(letter) else letter for letter in text if not in_table_b1(letter))
    return unicodedata.normalize("NFKC", "".join(mapped)).encode()


def _converse(smtp: Client, method: str, first: bytes | None, answer: Answer) -> tuple[int, str]:
    """The server's last code, 0 when it gave none, and its words. smtplib's `login` would try every
    mechanism after a refusal: three wrong passwords lock an account. It writes ASCII alone, too."""
    command = f"{method} {_encoded(first, empty='=')}" if first is not None else method
    waits = first is not None and len(f"AUTH {command}\r\n") > _COMMAND
    try:
        code, reply = smtp.docmd("AUTH", method if waits else command)
        for _ in range(_ROUNDS):
            if code != 334:
                break
            response = first if waits and first is not None else answer(_decoded(method, reply))
            waits = False
            code, reply = smtp.docmd(_encoded(response))
    except Exception as error:  # noqa: BLE001 - e.g. a challenge that is not base64
        return 0, error_text(error)
    # smtplib lets 503 pass as «logged in before», which we never are.
    return code, reply_text(code, reply)


def _decoded(method: str, reply: bytes) -> bytes:
    """What PLAIN and LOGIN are asked is in no need to be read: some ask in plain words."""
    return reply if method in ("PLAIN", "LOGIN") else b64decode(reply)


def _encoded(message: bytes, *, empty: str = "") -> str:
    """RFC 4954 section 4: an empty response that goes with the command is written as `=`."""
    return b64encode(message).decode() or empty


def _struck(words: str, secrets: Sequence[str]) -> str:
    """A server may echo the line that it did not understand."""
    for secret in secrets:
        words = words.replace(b64encode(secret.encode()).decode(), "***").replace(secret, "***")
    return words
