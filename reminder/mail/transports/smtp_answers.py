"""What an SMTP server's refusal means: of whom it speaks, and whether it is for ever."""

import re

from reminder.domain.notices import Answer, Reason, State
from reminder.mail.transports.smtp_client import reply_text

# RFC 5321 section 4.2.2 and RFC 4954 section 6: a sequence or a log-in that the server misses
# says nothing of the recipient or the message.
_OF_THE_SESSION = (503, 530)
# RFC 3463 sections 3.2 and 3.8: the sender's address, or what policy lets this host send. Some
# servers put the code behind their words, with a #.
_OF_THE_SENDER = re.compile(rb"(?:^|#)5\.(?:7\.[0-9]{1,3}|1\.[78])\b")

QQ = "https://smtp.codes/qq"
QQ_LIMITS = "http://service.mail.qq.com/cgi-bin/help?subtype=1&id=20022&no=1000725"
NETEASE = "http://help.163.com/09/1224/17/5RAJ4LMH00753VB8.html"
GOOGLE = "https://support.google.com/a/answer/3726730"
COREMAIL = "https://www.emailhost.com.cn/service.html?article_category=25&brd=1"
CPANEL = "https://forums.cpanel.net/threads/email-quota.697029/"
UNISENDER = "https://client.cloud4u.com/index.php/knowledgebase/1041/"
SISIMAI = "https://github.com/sisimai/p5-sisimai/issues/466"
RFC_5321 = "https://www.rfc-editor.org/rfc/rfc5321#section-4.5.3.1.10"

# Replies that say «never» with a 5xx and mean «later», by the provider's own word or a public
# explanation: the one place where the words of a reply decide instead of its code. Left out on
# purpose: NetEase's DT:SPM judges the content, MI:CEL and RP:CEL the commands, and its HL codes
# come with the greeting, which concerns the server anyway.
THROTTLES = (  # provider, words, what there is too much of, source
    ("QQ", "ip frequency limited", "too much from this address", QQ_LIMITS),
    ("QQ", "connection frequency limited", "too many connections", QQ_LIMITS),
    ("QQ", "domain frequency limited", "too much from this domain", QQ),
    ("QQ", "sender frequency limited", "too much from this sender", QQ),
    ("QQ", "mailbox unavailable or access denied", "too much for this mailbox", QQ),
    ("NetEase", "RP:TRC", "the sender's recipients of a day", NETEASE),
    ("NetEase", "RP:QRC", "the sender's recipients of a short time", NETEASE),
    ("NetEase", "MI:STC", "the sender's messages of a day", NETEASE),
    ("NetEase", "MI:SFQ", "the sender's messages of 15 minutes", NETEASE),
    ("Google", "sending limit exceeded", "the sender's recipients of a day", GOOGLE),
    ("Google", "relay limit exceeded", "the office's recipients of a day", GOOGLE),
    ("Coremail", "sending quota exceeded", "the sender's messages", COREMAIL),
    ("cPanel", "exceeded the max emails per hour", "this domain's messages", CPANEL),
    ("UniSender", "too many messages", "messages of a short time", UNISENDER),
    ("any", "rate limit", "too much in a short time", SISIMAI),
    ("any", "rate limited", "too much in a short time", SISIMAI),
    ("any", "try again later", "the server's own word against its own code", GOOGLE),
    # RFC 821 gave 552 to what RFC 5321 calls 452 and wants treated as temporary.
    ("any", "too many recipients", "recipients of one message", RFC_5321),
)

_THROTTLED = re.compile(
    "|".join(rf"\b{re.escape(words)}\b" for _, words, _, _ in THROTTLES), re.IGNORECASE
)


def refusal_answer(code: int, reply: bytes, never: Reason, later: Reason) -> Answer:
    words = reply_text(code, reply)
    if code in _OF_THE_SESSION:
        return Answer(State.RETRY, Reason.SERVER, words)
    if code < 500:
        return Answer(State.RETRY, later, words)
    if _THROTTLED.search(words):
        return Answer(State.RETRY, Reason.THROTTLED, words)
    if _OF_THE_SENDER.search(reply):
        return Answer(State.RETRY, Reason.SENDER_REFUSED, words, never)
    return Answer(State.REFUSED, never, words)
