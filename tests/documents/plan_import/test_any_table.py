"""Whatever is printed in the ways of offices comes back to the letter, and nothing is asked."""

from hypothesis import given, settings
from hypothesis import strategies as st

from reminder.documents.tables.grid import Cell, Table
from tests.documents.plan_import.directory import DIRECTORY
from tests.documents.plan_import.grids import TITLE, asked, draft, rows

# Without 自治区人民政府, which with 办公厅 on the next line may be one name.
UNITS = [unit for unit in DIRECTORY.units.values() if unit.id != "government"]
NAMES = {unit.id: [unit.name, *unit.aliases] for unit in UNITS}
HEADS = {
    "time": ["时间", "时 间", "月份", "时间安排"],
    "content": ["主要内容", "工作任务", "重点工作"],
    "lead": ["承办单位", "牵头单位", "责任部门"],
    "related": ["相关部门", "配合单位", "协办单位"],
}
TIMES = ["1月", "4月上旬", "5—10月", "10月—次年3月", "一季度", "4月15日前", "4月10日—15日"]
TIMES += ["每月25日前", "每季度首月20日前", "3—4月、7—8月、12月", "年底前"]
TITLES = [
    "召开会议（草案）",
    "起草《视察、调研办法》，提请审议",
    "开展“走访—慰问”",
    "完成100份档案",
]
NUMBERS = ["{}.", "{}．", "{}、", "（{}）"]
SEPARATORS = ["、", "，", "；", "\n", " / "]

units = st.lists(st.sampled_from(sorted(NAMES)), max_size=3, unique=True).flatmap(
    lambda ids: st.tuples(st.just(ids), st.tuples(*(st.sampled_from(NAMES[one]) for one in ids)))
)
tasks = st.lists(st.sampled_from(TITLES), min_size=1, max_size=3, unique=True)
row = st.tuples(st.sampled_from(TIMES), tasks, units.filter(lambda pair: bool(pair[0])), units)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(row, min_size=1, max_size=4),
    st.permutations(sorted(HEADS)),
    st.tuples(*map(st.sampled_from, HEADS.values())),
    st.sampled_from(NUMBERS),
    st.sampled_from(SEPARATORS),
)
def test_a_printed_table_comes_back(table, order, heads, number, separator) -> None:
    grid = [dict(zip(HEADS, heads, strict=True))]
    wanted = []
    for time, titles, (lead, lead_names), (related, related_names) in table:
        numbered = [f"{number.format(n)}{title}；" for n, title in enumerate(titles, 1)]
        grid.append(
            {
                "time": time,
                "content": "\n".join(numbered if len(titles) > 1 else titles),
                "lead": separator.join(lead_names),
                "related": separator.join(related_names),
            }
        )
        wanted += [f"{time}|{title}|{','.join(lead)}|{','.join(related)}" for title in titles]
    cells = tuple(tuple(Cell(tuple(line[key].split("\n"))) for key in order) for line in grid)
    taken = draft(Table(cells, (TITLE,), tuple(range(1, len(cells) + 1))))
    assert (rows(taken), asked(taken)) == (wanted, [])
