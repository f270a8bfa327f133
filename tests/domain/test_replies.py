"""What a reply is understood to say, and above all what it is not."""

import pytest

from reminder.domain.replies import AskedTask, ReplyWords, understand, words_of
from reminder.domain.replies import UnderstoodReply as Said
from reminder.words import CHINESE, ENGLISH, environment

TWO = (
    AskedTask("a", ("2026-03-1", "组织代表培训", "培训"), 1),
    AskedTask("b", ("2026-03-2", "召开座谈会"), 2),
)
WRITERS = ("代表工作委员会", "代工委", "张某")


def words() -> ReplyWords:
    both = [
        vars(environment(None, autoescape=False, language=of).get_template(NAME).module)
        for of in (CHINESE, ENGLISH)
    ]
    kinds = ("sign", "finish", "courtesy", "before")
    return ReplyWords(*(frozenset().union(*(words_of(m[k]()) for m in both)) for k in kinds))


NAME = "mail/reply_words.txt"
WORDS = words()
SIGNED = Said(signs=True)
UNCLEAR = Said(unclear=True)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("收到", SIGNED), ("已签收。", SIGNED), ("　已 签 收 ！", SIGNED), ("收到，谢谢！", SIGNED),
        ("您好：\n我单位已收悉。\n\n代表工作委员会\n张某\n2026年3月2日", SIGNED),
        ("代工委已签收", SIGNED), ("Received, thanks.", SIGNED), ("We have received.", SIGNED),
        ("已签收\n代工委 张某\n0951-1234567", SIGNED), ("收到。\n代工委 0951-1234567", SIGNED),
        ("已签收\n联系电话：0951-1234567", SIGNED), ("已签收\n电话：0951-1234567", SIGNED),
        ("谢谢", Said()), ("张某", Said()), ("已完成", UNCLEAR), ("该项工作已完成", UNCLEAR),
        ("第1项已完成", Said(finished=("a",))), ("1.已完成", Said(finished=("a",))),
        ("第二项 已办结。", Said(finished=("b",))), ("2026-03-2已完成", Said(finished=("b",))),
        ("“组织代表培训”已完成", Said(finished=("a",))), ("培训已完成", Said(finished=("a",))),
        ("item 2 is done", Said(finished=("b",))), ("第3项已完成", UNCLEAR),
        ("已签收，第1项已完成，第2项已完成。", Said(True, ("a", "b"))),
        ("1、2项已完成", UNCLEAR), ("2项已完成", UNCLEAR), ("2已完成", Said(finished=("b",))),
        ("另一件事已完成", UNCLEAR),
    ],
)  # fmt: skip
def test_is_understood(text: str, said: Said | None) -> None:
    assert understand(text, WORDS, TWO, WRITERS) == said


@pytest.mark.parametrize(
    "text",
    [
        "尚未完成", "未完成", "没有收到", "未收到附件", "未收到", "暂未完成", "还没有完成",
        "是否已完成？", "已完成？", "收到？", "已签收吗", "请问何时完成", "预计下周完成",
        "下周三前完成", "争取本月完成",
        "已签收，但第2项有困难", "已完成80%", "基本完成", "部分完成", "不能完成", "无法按时完成",
        "已收到，请问截止到哪天？", "请把附件再发一次", "not done", "not yet received", "half done",
        "", "　\n", "收到" * 400, "将完成", "完成时间待定", "计划5月完成", "第1项未完成",
        "代工委 王某未签收", "已签收\n代工委 有问题",
        "培训尚未完成", "组织代表培训没有完成", "should be done", "will be completed",
    ],
)  # fmt: skip
def test_is_left_to_a_person(text: str) -> None:
    said = understand(text, WORDS, TWO, WRITERS)
    assert said is None or said == UNCLEAR


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("已完成", Said(finished=("a",))), ("已签收，已完成。", Said(True, ("a",))),
        ("尚未完成", UNCLEAR), ("未完成", UNCLEAR), ("not done", UNCLEAR), ("第2项已完成", UNCLEAR),
    ],
)  # fmt: skip
def test_only_task_need_not_be_named(text: str, said: Said | None) -> None:
    assert understand(text, WORDS, TWO[:1], WRITERS) in (said, None)


def test_nothing_is_asked() -> None:
    assert understand("已完成", WORDS, (), WRITERS) == UNCLEAR


@pytest.mark.parametrize(
    "bad", ["已完成" * 100, "，" * 499, "第" * 499, "一二三四" * 100, "1" * 499]
)
def test_odd_text_is_read_at_once(bad: str) -> None:
    understand(bad, WORDS, TWO, WRITERS)
