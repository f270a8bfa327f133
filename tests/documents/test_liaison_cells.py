"""Cells of a list of liaisons: what was typed comes out, what is odd is named."""

import pytest

from reminder.documents.liaison_cells import (
    ListDoubt,
    read_addresses,
    read_contact,
    read_phones,
)


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ("951 5551234", ["951 5551234"]),
        ("０９５１－５５５１２３４", ["0951-5551234"]),
        ("13800138000、13900139000转8001", ["13800138000、13900139000转8001"]),
        ("13800138000\n无\n0951-1", ["13800138000", "0951-1"]),
        ("1.3800138e10", ["13800138000"]),
        ("1.3800138001E+10", ["13800138001"]),
        ("13800138000.0", ["13800138000"]),
        ("\u200e13800138000 ", ["13800138000"]),
        ("'+86 13800138000", ["+86 13800138000"]),
        ("无", []),
        ("——", []),
        ("", []),
    ],
)
def test_telephones_come_out_as_they_were_typed(cell: str, found: list[str]) -> None:
    assert read_phones(cell.split("\n")) == (found, [])


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ("a@x.cn；B@x.cn", ["a@x.cn", "B@x.cn"]),
        ("a@x.cn、b@x.cn\nc@x.cn, d@x.cn;e@x.cn f@x.cn", [f"{n}@x.cn" for n in "abcdef"]),
        ("ａ＠ｘ．ｃｎ", ["a@x.cn"]),
        ("a @ x.cn。", ["a@x.cn"]),
        ("mailto:a@x.cn", ["a@x.cn"]),
        ("张三 <a@x.cn>，李四：b@x.cn", ["a@x.cn", "b@x.cn"]),
        ("“张三”<a@x.cn>;李四（b@x.cn）", ["a@x.cn", "b@x.cn"]),
        ("a@x.cn\u200b;A@X.cn", ["a@x.cn"]),
        ("暂无", []),
    ],
)
def test_addresses_of_one_cell_are_told_apart(cell: str, found: list[str]) -> None:
    assert read_addresses(cell.split("\n")) == (found, [])


@pytest.mark.parametrize(
    ("read", "cell", "doubt", "text"),
    [
        (read_addresses, "a@x", ListDoubt.ADDRESS, "a@x"),
        (read_addresses, "a@x.cn;b.x.cn", ListDoubt.ADDRESS, "b.x.cn"),
        (read_addresses, "a@@x.cn", ListDoubt.ADDRESS, "a@@x.cn"),
        (read_addresses, "李四b@x.cn", ListDoubt.ADDRESS, "李四b@x.cn"),
        (read_addresses, "同上", ListDoubt.ADDRESS, "同上"),
        (read_addresses, "13800138000", ListDoubt.PHONE_AS_ADDRESS, "13800138000"),
        (read_phones, "a@x.cn", ListDoubt.ADDRESS_AS_PHONE, "a@x.cn"),
        (read_phones, "1.38001E+10", ListDoubt.ROUNDED_PHONE, "1.38001E+10"),
        (read_phones, "同上", ListDoubt.PHONE, "同上"),
        (read_contact, "13800138000", ListDoubt.CONTACT, "13800138000"),
        (read_contact, "a@x.cn", ListDoubt.CONTACT, "a@x.cn"),
    ],
)
def test_what_does_not_belong_there_is_named(read, cell: str, doubt: ListDoubt, text: str) -> None:
    assert read(cell.split("\n"))[1] == [(doubt, text)]
