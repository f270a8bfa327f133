"""Word documents, as Word shows them."""

import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reminder.documents.tables.grid import Hidden, HiddenPart, Table
from reminder.documents.tables.reading import read_tables

MAIN = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/wordprocessingml/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
MC = "http://schemas.openxmlformats.org/markup-compatibility/2006"
KIND = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
HIDDEN = "<w:rPr><w:vanish/></w:rPr>"


def document(folder: Path, body: str, *, main: str = MAIN, **parts: str) -> Path:
    """Of the body's XML, and that of the parts `styles` and `numbering`."""
    path = folder / "plan.docx"
    spaces = f'xmlns:w="{main}" xmlns:mc="{MC}" xmlns:wps="urn:shape" xmlns:v="urn:vml"'
    links = "".join(
        f'<Relationship Id="{name}" Type="{OFFICE}/{name}" Target="{name}.xml"/>' for name in parts
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{PACKAGE}/content-types">'
            f'<Override PartName="/word/document.xml" ContentType="{KIND}"/></Types>',
        )
        file.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="a" '
            f'Type="{OFFICE}/officeDocument" Target="word/document.xml"/></Relationships>',
        )
        file.writestr(
            "word/_rels/document.xml.rels",
            f'<Relationships xmlns="{PACKAGE}/relationships">{links}</Relationships>',
        )
        file.writestr(
            "word/document.xml", f"<w:document {spaces}><w:body>{body}</w:body></w:document>"
        )
        for name, content in parts.items():
            file.writestr(f"word/{name}.xml", f"<w:{name} {spaces}>{content}</w:{name}>")
    return path


def run(text: str, properties: str = "") -> str:
    return f"<w:r>{properties}<w:t>{text}</w:t></w:r>"


def paragraph(content: str, properties: str = "") -> str:
    content = content if "<" in content else run(content)
    return f"<w:p>{f'<w:pPr>{properties}</w:pPr>' if properties else ''}{content}</w:p>"


def cell(content: str, properties: str = "") -> str:
    content = content if content.startswith("<w:p>") else paragraph(content)
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{content}</w:tc>"


def row(*cells: str, properties: str = "") -> str:
    inner = "".join(text if text.startswith("<") else cell(text) for text in cells)
    return f"<w:tr><w:trPr>{properties}</w:trPr>{inner}</w:tr>"


def table(*rows: str) -> str:
    return f"<w:tbl>{''.join(rows)}</w:tbl>"


def texts(read: Table) -> list[list[str | None]]:
    return [[cell and cell.text for cell in row] for row in read.rows]


SPAN = '<w:gridSpan w:val="2"/>'
BEGINS = '<w:vMerge w:val="restart"/>'
GOES_ON = "<w:vMerge/>"


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        ("<w:ins>" + run("召开会议") + "</w:ins>", "召开会议"),
        (
            run("召开") + "<w:del><w:r><w:delText>两次</w:delText></w:r></w:del>" + run("会议"),
            "召开会议",
        ),
        (
            "<w:moveTo>" + run("会议") + "</w:moveTo><w:moveFrom>" + run("旧") + "</w:moveFrom>",
            "会议",
        ),
        (run("会议") + run("内部", HIDDEN), "会议"),
        (run("会议", '<w:rPr><w:vanish w:val="0"/></w:rPr>'), "会议"),
        (run("会议") + run("旧", '<w:rPr><w:rStyle w:val="secret"/></w:rPr>'), "会议"),
        ("<w:r><w:t>三</w:t><w:noBreakHyphen/><w:t>四月</w:t></w:r>", "三-四月"),
        ("<w:r><w:t>会</w:t><w:softHyphen/><w:t>议\u00ad\u200b</w:t></w:r>", "会议"),
        ("<w:r><w:t>甲</w:t><w:br/><w:t>乙</w:t><w:tab/><w:t>丙</w:t></w:r>", "甲\n乙\t丙"),
        ("<w:r><w:t>甲</w:t><w:footnoteReference/></w:r>", "甲"),
        ("<w:hyperlink>" + run("办公厅") + "</w:hyperlink>", "办公厅"),
        ("<w:smartTag><w:smartTag>" + run("4月") + "</w:smartTag></w:smartTag>", "4月"),
        ("<w:sdt><w:sdtPr/><w:sdtContent>" + run("4月") + "</w:sdtContent></w:sdt>", "4月"),
        (
            "<w:sdt><w:sdtPr><w:showingPlcHdr/></w:sdtPr><w:sdtContent>"
            + run("单击此处输入")
            + "</w:sdtContent></w:sdt>",
            "",
        ),
        (
            "<w:sdt><w:sdtPr><w:showingPlcHdr/></w:sdtPr><w:sdtContent>"
            + run("办公厅")
            + "</w:sdtContent></w:sdt>",
            "办公厅",
        ),
        (
            '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>DATE</w:instrText>'
            '</w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r>'
            + run("4月")
            + '<w:r><w:fldChar w:fldCharType="end"/></w:r>',
            "4月",
        ),
        (
            '<w:r><w:fldChar w:fldCharType="begin"/></w:r>'
            + run("代码")
            + '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
            + run("后"),
            "后",
        ),
        ("<w:fldSimple>" + run("4月") + "</w:fldSimple>", "4月"),
        (
            "<w:ruby><w:rt>"
            + run("hui")
            + "</w:rt><w:rubyBase>"
            + run("会")
            + "</w:rubyBase></w:ruby>",
            "会",
        ),
        ('<w:r><w:sym w:font="Wingdings" w:char="F0FC"/></w:r>', "✓"),
        ('<w:r><w:t xml:space="preserve">4 </w:t></w:r><w:r><w:t> 月 </w:t></w:r>', "4 月"),
        (run("　　召开　会议　"), "召开　会议"),
        (
            run("会议")
            + "<w:r><mc:AlternateContent><mc:Choice><w:drawing><wps:txbx><w:txbxContent>"
            + paragraph("附注")
            + "</w:txbxContent></wps:txbx></w:drawing></mc:Choice><mc:Fallback><w:pict>"
            "<v:textbox><w:txbxContent>"
            + paragraph("附注")
            + "</w:txbxContent></v:textbox></w:pict></mc:Fallback></mc:AlternateContent></w:r>",
            "会议\n附注",
        ),
    ],
)
def test_words_as_they_are_shown(tmp_path: Path, content: str, wanted: str) -> None:
    styles = f'<w:style w:type="character" w:styleId="secret">{HIDDEN}</w:style>'
    path = document(tmp_path, table(row("时间", cell(content))), styles=styles)
    (read,) = read_tables(path)
    assert texts(read) == [["时间", wanted]]


@pytest.mark.parametrize("mark", ["<w:del/>", "<w:moveFrom/>", "<w:vanish/>"])
def test_a_paragraph_whose_end_is_not_shown_goes_on(tmp_path: Path, mark: str) -> None:
    first = paragraph("召开", f"<w:rPr>{mark}</w:rPr>")
    (read,) = read_tables(document(tmp_path, table(row(cell(first + paragraph("会议"))))))
    assert texts(read) == [["召开会议"]]


def test_what_is_crossed_out_is_shown_and_named(tmp_path: Path) -> None:
    struck = "<w:rPr><w:strike/></w:rPr>"
    content = run("1.开会；") + run("2.", struck) + run("调研。</w:t><w:br/><w:t>3.", struck)
    (read,) = read_tables(document(tmp_path, table(row(cell(content)))))
    (found,) = read.rows[0]
    assert found
    assert (found.text, found.struck) == ("1.开会；2.调研。\n3.", ("2.调研。", "3."))


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        ([row(cell("甲", SPAN), "乙"), row("丙", "丁", "戊")], ["甲甲乙", "丙丁戊"]),
        ([row(cell("甲", BEGINS), "乙"), row(cell("", GOES_ON), "丁")], ["甲乙", "甲丁"]),
        (
            [row(cell("甲", BEGINS)), row(cell("", '<w:vMerge w:val="continue"/>'))],
            ["甲", "甲"],
        ),
        ([row(cell("甲"), "乙"), row(cell("", GOES_ON), "丁")], ["甲乙", "甲丁"]),
        ([row(cell("甲"), "乙"), row(cell("丙", GOES_ON), "丁")], ["甲乙", "丙丁"]),
        (
            [row(cell("甲", BEGINS + SPAN), "乙"), row(cell("", GOES_ON + SPAN), "丁")],
            ["甲甲乙", "甲甲丁"],
        ),
        (
            [row("甲", "乙", "丙"), row("丁", properties='<w:gridBefore w:val="2"/>')],
            ["甲乙丙", "--丁"],
        ),
        (
            [row("甲", "乙", "丙"), row("丁", properties='<w:gridAfter w:val="2"/>')],
            ["甲乙丙", "丁--"],
        ),
        ([row("甲", properties="<w:del/>"), row("乙", properties="<w:ins/>")], ["乙"]),
        (
            [
                row(cell("甲", BEGINS), "乙", properties="<w:del/>"),
                row(cell("", GOES_ON), "丁"),
                row(cell("", GOES_ON), "己"),
            ],
            [" 丁", " 己"],
        ),
        ([row("甲", cell("乙", "<w:cellDel/>"), "丙")], ["甲丙"]),
        (
            [
                row(cell("甲", '<w:cellMerge w:vMerge="rest"/>')),
                row(cell("", '<w:cellMerge w:vMerge="cont"/>')),
            ],
            ["甲", "甲"],
        ),
        (
            [
                row(
                    cell("甲", '<w:hMerge w:val="restart"/>'),
                    cell("", '<w:hMerge w:val="continue"/>'),
                )
            ],
            ["甲甲"],
        ),
        (["<w:sdt><w:sdtContent>" + row("甲", "乙") + "</w:sdtContent></w:sdt>"], ["甲乙"]),
        ([row("<w:sdt><w:sdtContent>" + cell("甲") + "</w:sdtContent></w:sdt>", "乙")], ["甲乙"]),
        ([row("甲", properties="<w:tblHeader/>")], ["甲"]),
    ],
)
def test_places_of_cells(tmp_path: Path, rows: list[str], wanted: list[str]) -> None:
    """One sign a cell; a blank for an empty one, a hyphen where none is."""
    (read,) = read_tables(document(tmp_path, paragraph("表") + table(*rows)))
    found = ["".join((c.text or " ") if c else "-" for c in row) for row in read.rows]
    assert found == wanted


@pytest.mark.parametrize(
    ("widths", "wanted"),
    [
        ([1000, 3000, 200, 1500], ["甲乙丙", "丁戊己", "庚辛壬"]),  # a border pulled aside
        ([], ["甲乙丙", "丁戊己", "庚辛壬"]),
        ([1000, 3000, 9000, 1500], ["甲乙丙丙", "丁戊己己", "庚辛辛壬"]),
    ],
)
def test_borders_that_are_not_in_line(tmp_path: Path, widths: list[int], wanted: list[str]) -> None:
    grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    rows = [
        row("甲", "乙", cell("丙", SPAN)),
        row("丁", "戊", cell("己", SPAN)),
        row("庚", cell("辛", SPAN), "壬"),
    ]
    (read,) = read_tables(document(tmp_path, table(f"<w:tblGrid>{grid}</w:tblGrid>", *rows)))
    assert ["".join(c.text for c in row if c) for row in read.rows] == wanted


def test_what_is_hidden_is_left_out_and_named(tmp_path: Path) -> None:
    rows = [
        row(cell("4月", BEGINS), "开会"),
        row("旧", "事", properties="<w:hidden/>"),
        row(cell("4月", BEGINS), "调研"),
        row(cell("5月", GOES_ON), "培训"),
    ]
    (read,) = read_tables(document(tmp_path, table(*rows)))
    assert texts(read) == [["4月", "开会"], ["4月", "调研"], ["4月", "培训"]]
    assert read.hidden == (
        Hidden(HiddenPart.ROW, "2", "旧 事"),
        Hidden(HiddenPart.COVERED, "3", "5月"),
    )


def test_an_automatic_number_below_a_merged_cell_is_no_text(tmp_path: Path) -> None:
    number = '<w:p><w:pPr><w:numPr><w:ilvl w:val="2"/><w:numId w:val="1"/></w:numPr></w:pPr></w:p>'
    rows = [row(cell(number, BEGINS), "甲"), row(cell(number, GOES_ON), "乙")]
    (read,) = read_tables(document(tmp_path, table(*rows), numbering=NUMBERING))
    assert texts(read) == [["1.", "甲"], ["1.", "乙"]]
    assert not read.hidden


def test_tables_with_the_lines_before_them(tmp_path: Path) -> None:
    nested = cell(paragraph("见下表") + table(row("乡镇", "人数")) + "<w:p/>")
    body = [paragraph("附件"), "<w:p/>", paragraph("2026年安排"), table(row("甲", nested))]
    body += [paragraph("续表"), table(row("乙", "丙")), table(row("丁")), paragraph("注：略")]
    read = read_tables(document(tmp_path, "".join(body)))
    assert [(table.before, texts(table)) for table in read] == [
        (("附件", "2026年安排"), [["甲", "见下表"]]),
        ((), [["乡镇", "人数"]]),
        (("续表",), [["乙", "丙"]]),
        ((), [["丁"]]),
        (("注：略",), []),
    ]


def test_a_table_in_a_text_box(tmp_path: Path) -> None:
    box = "<w:r><w:pict><v:textbox><w:txbxContent>" + paragraph("标题") + table(row("甲", "乙"))
    box += "</w:txbxContent></v:textbox></w:pict></w:r>"
    (read,) = read_tables(document(tmp_path, paragraph(box)))
    assert (read.before, texts(read)) == (("标题",), [["甲", "乙"]])


def test_the_strict_form_of_the_standard(tmp_path: Path) -> None:
    (read,) = read_tables(document(tmp_path, table(row("甲", "乙")), main=STRICT))
    assert texts(read) == [["甲", "乙"]]


def level(at: int, form: str, text: str, more: str = "") -> str:
    return (
        f'<w:lvl w:ilvl="{at}"><w:start w:val="1"/><w:numFmt w:val="{form}"/>'
        f'<w:lvlText w:val="{text}"/>{more}</w:lvl>'
    )


TIGHT = '<w:suff w:val="nothing"/>'
NUMBERING = (
    '<w:abstractNum w:abstractNumId="7">'
    + level(0, "chineseCounting", "%1、", TIGHT)
    + level(1, "chineseCounting", "（%2）", TIGHT)
    + level(2, "decimal", "%3.")
    + level(3, "decimalEnclosedCircle", "%4", '<w:lvlRestart w:val="0"/>' + TIGHT)
    + level(4, "bullet", "●")
    + level(5, "decimal", "%1.%3.%6", "<w:isLgl/>")
    + level(6, "decimal", "%1.%5", TIGHT)
    + "</w:abstractNum>"
    '<w:num w:numId="1"><w:abstractNumId w:val="7"/></w:num>'
    '<w:num w:numId="2"><w:abstractNumId w:val="7"/>'
    '<w:lvlOverride w:ilvl="2"><w:startOverride w:val="5"/></w:lvlOverride></w:num>'
    '<w:num w:numId="3"><w:abstractNumId w:val="8"/></w:num>'
    '<w:abstractNum w:abstractNumId="8"><w:numStyleLink w:val="list"/></w:abstractNum>'
)
STYLES = (
    '<w:style w:type="numbering" w:styleId="list">'
    '<w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style>'
    '<w:style w:type="paragraph" w:styleId="base">'
    '<w:pPr><w:numPr><w:ilvl w:val="1"/><w:numId w:val="1"/></w:numPr></w:pPr></w:style>'
    '<w:style w:type="paragraph" w:styleId="own"><w:basedOn w:val="base"/></w:style>'
)


def numbered(at: int, numbering: int = 1) -> str:
    number = f'<w:numPr><w:ilvl w:val="{at}"/><w:numId w:val="{numbering}"/></w:numPr>'
    return paragraph("会", number)


@pytest.mark.parametrize(
    ("paragraphs", "wanted"),
    [
        ([numbered(0), numbered(0)], "一、会 二、会"),
        (
            [numbered(0)] * 21,
            " ".join(
                f"{n}、会"
                for n in [
                    *"一二三四五六七八九十",
                    *(f"十{n}" for n in "一二三四五六七八九"),
                    "二十",
                    "二十一",
                ]
            ),
        ),
        (
            [numbered(0), numbered(1), numbered(1), numbered(0), numbered(1)],
            "一、会 （一）会 （二）会 二、会 （一）会",
        ),
        ([numbered(2), numbered(2), numbered(1), numbered(2)], "1. 会 2. 会 （二）会 1. 会"),
        ([numbered(3), numbered(2), numbered(3)], "①会 2. 会 ②会"),
        ([numbered(4)], "会"),
        ([numbered(0), numbered(6)], "一、会 一.会"),  # a bullet has no number
        ([numbered(1), numbered(0)], "（一）会 二、会"),  # one that is left out counts
        ([numbered(0), numbered(2), numbered(5)], "一、会 1. 会 1.1.1 会"),
        ([numbered(2), numbered(2, 2), numbered(2, 2), numbered(2)], "1. 会 5. 会 6. 会 7. 会"),
        ([numbered(0), numbered(0, 3)], "一、会 二、会"),
        ([numbered(0, 9), numbered(0, 0)], "会 会"),
        ([paragraph("会", '<w:pStyle w:val="own"/>')] * 2, "（一）会 （二）会"),
        (
            [paragraph("会", '<w:pStyle w:val="own"/><w:numPr><w:numId w:val="0"/></w:numPr>')],
            "会",
        ),
        (
            [
                numbered(2),
                paragraph(
                    f"<w:del>{run('旧')}</w:del>",
                    '<w:numPr><w:ilvl w:val="2"/><w:numId w:val="1"/></w:numPr>'
                    "<w:rPr><w:del/></w:rPr>",
                ),
                numbered(2),
            ],
            "1. 会 2. 会",
        ),
    ],
)
def test_automatic_numbers_as_they_are_printed(
    tmp_path: Path, paragraphs: list[str], wanted: str
) -> None:
    body = table(row(cell("".join(paragraphs))))
    (read,) = read_tables(document(tmp_path, body, styles=STYLES, numbering=NUMBERING))
    (found,) = read.rows[0]
    assert found
    assert " ".join(found.lines) == wanted


Area = tuple[int, int, int, int]  # first and last row, first and last column


@st.composite
def areas(draw: st.DrawFn) -> tuple[int, int, list[Area]]:
    """Rows, columns, and merged cells that do not overlap, below a row of headings."""
    rows, columns = draw(st.integers(2, 6)), draw(st.integers(1, 6))
    ends = st.tuples(st.integers(1, rows - 1), st.integers(1, rows - 1)).map(sorted)
    sides = st.tuples(st.integers(0, columns - 1), st.integers(0, columns - 1)).map(sorted)
    chosen: list[Area] = []
    taken: set[tuple[int, int]] = set()
    for (top, bottom), (left, right) in draw(st.lists(st.tuples(ends, sides), max_size=6)):
        area = (top, bottom, left, right)
        if not taken & places(area):
            taken |= places(area)
            chosen.append(area)
    all_places = {(row, column) for row in range(rows) for column in range(columns)}
    chosen += [(row, row, column, column) for row, column in sorted(all_places - taken)]
    return rows, columns, chosen


def places(area: Area) -> set[tuple[int, int]]:
    top, bottom, left, right = area
    return {(row, col) for row in range(top, bottom + 1) for col in range(left, right + 1)}


@settings(max_examples=80, deadline=None)
@given(areas(), st.sampled_from([GOES_ON, '<w:vMerge w:val="continue"/>']))
def test_any_merges_keep_the_text_of_each_cell_once(
    tmp_path_factory: pytest.TempPathFactory, drawn: tuple[int, int, list[Area]], goes_on: str
) -> None:
    rows, columns, merged = drawn
    written = [
        row(
            *(
                cell(
                    f"甲{top}{left}" if at == top else "",
                    f'<w:gridSpan w:val="{right - left + 1}"/>'
                    + ("" if top == bottom else BEGINS if at == top else goes_on),
                )
                for top, bottom, left, right in sorted(merged, key=lambda area: area[2])
                if top <= at <= bottom
            )
        )
        for at in range(rows)
    ]
    (read,) = read_tables(document(tmp_path_factory.mktemp("merges"), table(*written)))
    assert [len(row) for row in read.rows] == [columns] * rows
    for area in merged:
        cells = {id(read.rows[at][column]) for at, column in places(area)}
        found = read.rows[area[0]][area[2]]
        assert len(cells) == 1
        assert found
        assert found.text == f"甲{area[0]}{area[2]}"
    assert len({id(c) for row in read.rows for c in row}) == len(merged)
