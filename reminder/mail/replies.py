"""The new words of a reply: without what is quoted below them, in the ways of mail programs."""

import re

MOST = 2000  # characters: what a library's patterns are given; they take long for long texts
# Where programs begin to quote; at the line's begin, a sign of quotation or a table's before it.
_QUOTED = re.compile(
    r"(?m)^[>| \t\xa0]*(?:"
    r"[-—_=]{2,}[ \xa0]*(?:(?:原始|回复的|转发的)?原?邮件|(?:original|forwarded) message)"
    r"|(?:发件人|寄件者|寄件人|from)[ \xa0]*[:：]"
    r"|在[^\n]{4,200}(?:写道|寫道|wrote)[ \xa0]*[:：]?[ \xa0]*$"
    r"|在[^\n]{4,200}\n[^\n]{0,200}(?:写道|寫道)[ \xa0]*[:：]?[ \xa0]*$"
    r"|\d{4}[-年/]\d{1,2}[-月/]\d{1,2}[^\n]{0,200}(?:写道|寫道|wrote)[ \xa0]*[:：]?[ \xa0]*$"
    r"|(?:on|am)\b[^\n]{4,200}\bwrote:[ \xa0]*$"
    r"|[_—-]{10,}[ \xa0]*$"
    r"|>)",
    re.IGNORECASE,
)
_SIGNATURE = re.compile(r"(?m)^-- ?$")
_TABLE = "| \t"  # as NetEase writes signatures in plain text


def new_words(text: str) -> str:
    """Empty where nothing but a quotation is there."""
    text = text.replace("&nbsp;", " ").replace("\r\n", "\n")
    if begin := _QUOTED.search(text):
        text = text[: begin.start()]
    if len(text) <= MOST:
        text = _by_library(re.sub(r"\n\s*\n+", "\n\n", text))
    text = _SIGNATURE.split(text, maxsplit=1)[0]
    text = "\n".join(line.strip(_TABLE) for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def _by_library(text: str) -> str:
    """What other languages and programs write above a quotation."""
    from mailparser_reply import EmailReplyParser

    return EmailReplyParser(languages=["zh", "en"]).parse_reply(text) or ""
