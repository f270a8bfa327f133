"""`reminder workdays`: the yearly notice becomes a file, and a year says who has the word."""

from pathlib import Path

import docx
import pytest

from tests.cli.conftest import Office

# A year of which no package knows; its days are those of 2027.
NOTICE = """\
关于2038年部分节假日安排的通知
一、元旦：1月1日（周五）至3日（周日）放假，共3天。
二、春节：2月5日（周五）至11日（周四）放假调休，共7天。2月14日（周日）上班。
三、清明节：4月3日至5日放假调休，共3天。
四、劳动节：5月1日至5日放假调休，共5天。5月8日（周六）上班。
五、端午节：6月9日放假。
六、中秋节：9月15日放假。
七、国庆节：10月1日至7日放假调休，共7天。9月26日（周日）、10月9日（周六）上班。
"""


@pytest.fixture
def notice(tmp_path: Path) -> Path:
    path = tmp_path / "notice.txt"
    path.write_text(NOTICE, encoding="gb18030")
    return path


def test_notice_becomes_the_years_file_and_nothing_of_the_year_is_a_guess(
    office: Office, notice: Path
) -> None:
    file = office.folder / "workdays" / "2038.toml"
    guessed = office("workdays", "show", "2038", "--json").json["months"]
    assert {source for month in guessed for source in month["sources"]} == {"guess"}

    assert office("workdays", "import", str(notice), "--dry-run").status == 0
    assert not file.exists()
    assert "改为上班" in office("workdays", "import", str(notice)).out
    february = office("workdays", "show", "2038", "--json").json["months"][1]
    assert february["sources"] == ["file"]
    assert february["work"] == [{"date": "2038-02-14", "source": "file"}]
    assert [day["date"][8:] for day in february["rest"]] == [f"{n:02}" for n in range(5, 12)]
    said = office("workdays", "show", "2038").out.splitlines()[2]
    assert said == " 2月  工作日16天；放假2月5日—11日；上班2月14日（周日）〔工作日文件〕"

    office.put(
        "plan.toml", (office.folder / "plan.toml").read_text("utf-8").replace("2026", "2038")
    )
    assert office("check", "--json").json["provisional"] == []
    again = office("workdays", "import", str(notice), "--json").json
    assert (again["changes"], again["written"]) == ([], True)


def test_what_the_file_says_otherwise_is_asked_and_all_else_in_it_stays(
    office: Office, notice: Path
) -> None:
    (office.folder / "workdays").mkdir()
    own = "# ours\nrest = [\n    2038-02-14,  # feast\n    2038-12-24,\n]\nwork = []   # none\n"
    office.put("workdays/2038.toml", own)
    asked = office("workdays", "import", str(notice))
    assert asked.status == 1
    assert (
        asked.err
        == f"{notice}: 2月14日（周日）与工作日文件里已有的说法相反；以通知为准，请加 --replace\n"
    )
    assert (office.folder / "workdays" / "2038.toml").read_text("utf-8") == own

    assert office("workdays", "import", str(notice), "--replace").status == 0
    text = (office.folder / "workdays" / "2038.toml").read_text("utf-8")
    assert text.startswith("# ours\nrest = [\n    2038-12-24,\n    2038-01-01,\n")
    assert "work = [2038-02-14, 2038-05-08, 2038-09-26, 2038-10-09]   # none\n" in text
    assert text.endswith("complete = true\n")


def test_days_before_new_year_go_to_the_other_years_file(office: Office, notice: Path) -> None:
    words = "2030年放假安排\n元旦：12月30日（周日）至1月1日放假，共3天。12月29日（周六）上班。\n"
    notice.write_text(words, encoding="utf-8")
    assert office("workdays", "import", str(notice)).status == 0
    files = {path.name: path.read_text("utf-8") for path in (office.folder / "workdays").iterdir()}
    assert files.keys() == {"2029.toml", "2030.toml"}
    assert "2029-12-31" in files["2029.toml"]
    assert "2029-12-30" not in files["2029.toml"]  # a Sunday anyway
    assert "complete" not in "".join(files.values())  # one holiday is no year


def test_slips_are_said_in_words_with_their_lines_and_nothing_is_written(
    office: Office, notice: Path
) -> None:
    notice.write_text(NOTICE.replace("（周五）至11", "（周六）至11").replace("共5天", "共6天"))
    ended = office("workdays", "import", str(notice))
    assert (ended.status, ended.out) == (1, "未写入任何文件。\n")
    assert ended.err.splitlines() == [
        f"{notice}:3: “2月5日(周六)”的星期不对，2038年2月5日是周五",
        f"{notice}:5: 写的是“共6天”，数下来是5天",
    ]
    assert not (office.folder / "workdays").exists()


def test_settings_have_the_first_word(office: Office) -> None:
    office.put("reminder.toml", 'plan = "plan.toml"\n[workdays]\nwork = [2026-05-02]\n')
    may = office("workdays", "show", "2026", "--json").json["months"][4]
    assert {"date": "2026-05-02", "source": "operator"} in may["work"]
    assert may["rest"][0] == {"date": "2026-05-01", "source": "package"}


@pytest.mark.parametrize("in_table", [False, True])
def test_notice_may_be_a_word_document(office: Office, tmp_path: Path, in_table: bool) -> None:
    document, title, *lines = docx.Document(), *NOTICE.splitlines()
    document.add_paragraph(title)
    table = document.add_table(0, 2)
    for line in lines:
        if in_table:
            for cell, text in zip(table.add_row().cells, line.split("：", 1), strict=True):
                cell.text = text
        else:
            document.add_paragraph(line)
    document.save(str(tmp_path / "notice.docx"))
    read = office("workdays", "import", str(tmp_path / "notice.docx"), "--json").json
    assert [holiday["name"] for holiday in read["holidays"]] == [
        "元旦", "春节", "清明节", "劳动节", "端午节", "中秋节", "国庆节",
    ]  # fmt: skip
    assert read["holidays"][3]["work"] == ["2038-05-08"]


def test_file_that_is_no_text_is_refused(office: Office, tmp_path: Path) -> None:
    (tmp_path / "notice.pdf").write_bytes(b"%PDF-1.7")
    for name in ("notice.pdf", "nowhere.txt"):
        assert office("workdays", "import", str(tmp_path / name)).status == 2
