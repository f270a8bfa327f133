"""Units as plans name them: an office, its house, a group, names with signs in them."""

from reminder.documents.plan_import.unit_names import Named, UnitNames
from reminder.domain.units import Directory, Unit

OFFICE, DEPUTIES, WORKING = "常委会办公厅", "代表工作委员会", "各工作委员会"
LOCAL = "各市、县（区）人大常委会"

DIRECTORY = Directory(
    {
        unit.id: unit
        for unit in (
            Unit("office", "自治区人大常委会办公厅", "厅办", (OFFICE, "办公厅")),
            Unit("deputies", "自治区人大常委会代表工作委员会", "工委", (DEPUTIES, "代表工委")),
            Unit("working", "自治区人大常委会各工作委员会", aliases=(WORKING,)),
            Unit("government", "自治区人民政府"),
            Unit("government-office", "自治区人民政府办公厅"),
            Unit("court", "自治区高级人民法院", aliases=("高院",)),
            Unit("peace", "和平区人大常委会"),
            Unit("firm", "甲、乙律师事务所"),
            Unit("local", LOCAL, aliases=("市、县（区）人大常委会",), members=("peace",)),
        )
    }
)
NAMES = UnitNames(DIRECTORY)


def ids(units: tuple[Named, ...]) -> list[str]:
    """Of known units their ids, of others what is written."""
    return [named.unit.id if named.unit else named.name for named in units]
