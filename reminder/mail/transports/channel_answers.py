"""What a channel's answer comes to: taken, refused, to be tried again, or the channel's trouble.

Robots answer with status 200 and a code of their own. The codes are those of their makers' lists:
WeCom «global error codes», DingTalk «custom robot», Feishu «custom bot».
"""

import json
import re
from dataclasses import dataclass
from typing import Any

from reminder.domain.notices import Answer, Reason, State
from reminder.errors import ServerError
from reminder.mail.transports.http_exchange import Exchange, Reply, never_went, words_of

SHOWN = 300  # characters of an answer
_CODE = {"wecombot": "errcode", "dingtalk": "errcode", "feishu": "code", "lark": "code"}
_WORDS = ("errmsg", "msg")
# Too many messages for now: all wait.
_LIMITS = {
    "wecombot": {45009, 45033},
    "dingtalk": {130101, 410100, 90018},
    "feishu": {11232, 99991400},
    "lark": {11232, 99991400},
}
# The key, the sign, the words or addresses that the robot was set to ask for: only a person can
# mend that.
_KEYS = {
    "wecombot": {40001, 40014, 40013, 41001, 42001, 48002, 60020, 93000, 93008},
    "dingtalk": {300001, 310000, 400013, 400101, 400102, 400106},
    "feishu": {19001, 19021, 19022, 19024},
    "lark": {19001, 19021, 19022, 19024},
}
# What this message says is not accepted.
_TEXTS = {
    "wecombot": {40008, 40058, 44004, 45002},
    "dingtalk": {40035, 400105, 430101, 430102, 430104},
    "feishu": {9499, 19002, 230025},
    "lark": {9499, 19002, 230025},
}
_LIMITED = (429,)
_REFUSED = (401, 402, 403, 404, 410)
_LATER = (408, 425)


@dataclass(frozen=True)
class Judge:
    """Of the channel `name`, which apprise's class `kind` serves at that address."""

    name: str
    kind: type[Any]
    url: str

    def answer(self, exchange: Exchange, *, was_taken: bool) -> Answer:
        """Raises `ServerError` where it is the channel that fails, and the message did not go."""
        if exchange.error:
            return self._unheard(exchange.error)
        if exchange.replies:
            return self._of(exchange.replies[-1])
        if was_taken:  # by something else than HTTP
            return Answer(State.SENT, Reason.ACCEPTED, "apprise: sent")
        words = self._struck(" ".join(exchange.words) or "apprise: not sent")
        return Answer(State.RETRY, Reason.ANSWER_LOST, words)

    def _unheard(self, error: Exception) -> Answer:
        words = self._struck(words_of(error))
        if never_went(error):
            raise ServerError.because("channel_unreachable", name=self.name, words=words)
        return Answer(State.RETRY, Reason.ANSWER_LOST, f"no answer: {words}")

    def _of(self, reply: Reply) -> Answer:
        code = self._code(reply)
        words = self._words(reply)
        if reply.status in _LIMITED or code in _LIMITS.get(self._scheme, ()):
            raise ServerError.because("channel_limited", name=self.name, words=words)
        is_elsewhere = 300 <= reply.status < 400
        if reply.status in _REFUSED or is_elsewhere or code in _KEYS.get(self._scheme, ()):
            raise ServerError.lasting("channel_refused", name=self.name, words=words)
        if code in _TEXTS.get(self._scheme, ()):
            return Answer(State.REFUSED, Reason.MESSAGE_REFUSED, words)
        if 200 <= reply.status < 300:
            # Of a code that nobody knows it is not known that it is final.
            later = Answer(State.RETRY, Reason.MESSAGE_DEFERRED, words)
            return later if code else Answer(State.SENT, Reason.ACCEPTED, words)
        if reply.status >= 500 or reply.status in _LATER:
            return Answer(State.RETRY, Reason.MESSAGE_DEFERRED, words)
        return Answer(State.REFUSED, Reason.MESSAGE_REFUSED, words)

    @property
    def _scheme(self) -> str:
        return str(self.kind.secure_protocol)

    def _code(self, reply: Reply) -> int:
        """0 where all is well, or where the service has no codes."""
        field = _CODE.get(self._scheme)
        found = _json(reply.body).get(field) if field else 0
        return found if isinstance(found, int) else 0

    def _words(self, reply: Reply) -> str:
        answer, field = _json(reply.body), _CODE.get(self._scheme, "")
        text = reply.body.decode("utf-8", "replace")
        if field in answer:
            said = next((str(answer[name]) for name in _WORDS if answer.get(name)), "")
            text = f"{field} {answer[field]} {said}"
        text = " ".join(text.split())
        return self._struck(f"HTTP {reply.status} {text}".strip())[:SHOWN]

    def _struck(self, words: str) -> str:
        """A service may repeat the key that it does not know."""
        for secret in sorted(re.findall(r"[\w-]{6,}", self.url), key=len, reverse=True):
            if secret != self._scheme:
                words = words.replace(secret, "***")
        return words


def _json(body: bytes) -> dict[str, Any]:
    try:
        read = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return read if isinstance(read, dict) else {}
