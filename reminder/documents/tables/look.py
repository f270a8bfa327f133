"""How a printed table looks, whatever program it is for; measures of A4 in centimetres."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reminder.documents.tables.grid import Cell

SIZE, TITLE_SIZE = 12, 18  # points
A4 = (21.0, 29.7)  # centimetres
MARGIN = 1.8
NARROW = 6.5
PADDING = 0.1  # of a cell
POINTS = 72 / 2.54  # of a centimetre


@dataclass(frozen=True)
class Look:
    """`beside` are the columns' widths in centimetres; the widest, whose text is not centred, is
    0 and gets the rest of the page."""

    beside: tuple[float, ...]
    font: str
    head_font: str
    title_font: str

    @property
    def page(self) -> tuple[float, float]:
        """Upright unless that is too narrow."""
        is_narrow = A4[0] - 2 * MARGIN - sum(self.beside) < NARROW
        return A4[::-1] if is_narrow else A4

    @property
    def widths(self) -> tuple[float, ...]:
        rest = max(self.page[0] - 2 * MARGIN - sum(self.beside), NARROW)
        return tuple(width or rest for width in self.beside)

    def is_left(self, area: "Area") -> bool:
        return area.top > 0 and (not self.beside[area.left] or area.right > area.left)


@dataclass(frozen=True)
class Area:
    """A cell and the places that it covers, the last ones included."""

    cell: Cell
    top: int
    left: int
    bottom: int
    right: int


def areas(rows: Sequence[Sequence[Cell | None]]) -> Iterator[Area]:
    places: dict[int, list[tuple[int, int]]] = {}
    cells: dict[int, Cell] = {}
    for top, row in enumerate(rows):
        for left, cell in enumerate(row):
            if cell:
                cells[id(cell)] = cell
                places.setdefault(id(cell), []).append((top, left))
    for name, covered in places.items():
        yield Area(cells[name], *covered[0], *covered[-1])
