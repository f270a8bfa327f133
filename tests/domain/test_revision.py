"""Which rows of a revised table are those of the table before it."""

import pytest

from reminder.domain.revision import SameRow, Wording, same_rows

MEETING = ("召开全区县乡人大换届选举工作部署会议", "4月")
TRAINING = ("举办全区县乡人大换届选举工作人员培训班", "4月")
SURVEY = ("开展全区县乡人大换届选举工作调研", "5月")
SESSION_24 = ("做好自治区十三届人大常委会第二十四次会议有关服务保障工作", "3月")
SESSION_25 = ("做好自治区十三届人大常委会第二十五次会议有关服务保障工作", "5月")


def rows(*wordings: tuple[str, str]) -> list[Wording]:
    return [Wording(*wording) for wording in wordings]


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ([MEETING, TRAINING], [TRAINING, MEETING], [(1, 0, True), (0, 1, True)]),
        ([MEETING], [(MEETING[0], "6月")], [(0, 0, True)]),
        ([MEETING, (MEETING[0], "6月")], [(MEETING[0], "6月")], [(1, 0, True)]),
        ([("建好用好（家站）", "4月")], [("建好、用好(家 站)", "4月")], [(0, 0, True)]),
        ([MEETING], [("召开县乡人大换届选举工作部署会议", "4月")], [(0, 0, False)]),
        ([TRAINING], [("召开座谈会", "4月")], []),
        ([SURVEY, MEETING], [MEETING], [(1, 0, True)]),
        # Two sessions are much alike, and two tasks.
        ([SESSION_24], [SESSION_25], []),
    ],
)
def test_a_row_goes_with_the_one_that_it_was(
    before: list[tuple[str, str]],
    after: list[tuple[str, str]],
    same: list[tuple[int, int, bool]],
) -> None:
    assert same_rows(rows(*before), rows(*after)) == [SameRow(*pair) for pair in same]
