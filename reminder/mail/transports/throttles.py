"""Replies that say «never» with a 5xx and mean «later»: rate limits, with their sources.

The one place where the words of a reply decide instead of its code. What is left out is left
out on purpose: NetEase's DT:SPM judges the content, MI:CEL and RP:CEL the commands, and its
HL codes come with the greeting, which concerns the server anyway.
"""

import re
from dataclasses import dataclass

QQ = "https://smtp.codes/qq"
QQ_LIMITS = "http://service.mail.qq.com/cgi-bin/help?subtype=1&id=20022&no=1000725"
NETEASE = "http://help.163.com/09/1224/17/5RAJ4LMH00753VB8.html"
GOOGLE = "https://support.google.com/a/answer/3726730"
COREMAIL = "https://www.emailhost.com.cn/service.html?article_category=25&brd=1"
CPANEL = "https://forums.cpanel.net/threads/email-quota.697029/"
UNISENDER = "https://client.cloud4u.com/index.php/knowledgebase/1041/"
SISIMAI = "https://github.com/sisimai/p5-sisimai/issues/466"
RFC_5321 = "https://www.rfc-editor.org/rfc/rfc5321#section-4.5.3.1.10"


@dataclass(frozen=True)
class Throttle:
    """A limit that lifts by itself; `source` is the provider's own or a public explanation."""

    provider: str
    words: str
    meaning: str
    source: str


THROTTLES = (
    Throttle("QQ", "ip frequency limited", "too much from this address", QQ_LIMITS),
    Throttle("QQ", "connection frequency limited", "too many connections", QQ_LIMITS),
    Throttle("QQ", "domain frequency limited", "too much from this domain", QQ),
    Throttle("QQ", "sender frequency limited", "too much from this sender", QQ),
    Throttle("QQ", "mailbox unavailable or access denied", "too much for this mailbox", QQ),
    Throttle("NetEase", "RP:TRC", "the sender's recipients of a day", NETEASE),
    Throttle("NetEase", "RP:QRC", "the sender's recipients of a short time", NETEASE),
    Throttle("NetEase", "MI:STC", "the sender's messages of a day", NETEASE),
    Throttle("NetEase", "MI:SFQ", "the sender's messages of 15 minutes", NETEASE),
    Throttle("Google", "sending limit exceeded", "the sender's recipients of a day", GOOGLE),
    Throttle("Google", "relay limit exceeded", "the office's recipients of a day", GOOGLE),
    Throttle("Coremail", "sending quota exceeded", "the sender's messages", COREMAIL),
    Throttle("cPanel", "exceeded the max emails per hour", "this domain's messages", CPANEL),
    Throttle("UniSender", "too many messages", "messages of a short time", UNISENDER),
    Throttle("any", "rate limit", "too much in a short time", SISIMAI),
    Throttle("any", "rate limited", "too much in a short time", SISIMAI),
    Throttle("any", "try again later", "the server's own word against its own code", GOOGLE),
    # RFC 821 gave 552 to what RFC 5321 calls 452 and wants treated as temporary.
    Throttle("any", "too many recipients", "recipients of one message", RFC_5321),
)

_WORDS = re.compile(
    "|".join(rf"\b{re.escape(throttle.words)}\b" for throttle in THROTTLES), re.IGNORECASE
)


def is_throttle(reply: str) -> bool:
    """Whether a 5xx reply is one of the known limits that lift by themselves."""
    return _WORDS.search(reply) is not None
