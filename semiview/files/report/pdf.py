"""A report as PDF: A4, tables with their header on every page, page numbers, the text selectable."""

import io
from html import escape
from typing import Any

from reportlab.lib.colors import Color, HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    CondPageBreak,
    Flowable,
    KeepTogether,
    LongTable,
    PageBreak,
    SimpleDocTemplate,
    Spacer,
    TableStyle,
)
from reportlab.platypus import Paragraph as Words_

from semiview.files.report.blocks import Block, Gallery, Grid, Heading, Paragraph
from semiview.files.report.content import blocks_of
from semiview.files.report.figure import PAGE_COLOURS, Box, Figure, Line, strokes
from semiview.files.report.html import numeric_columns
from semiview.files.report.reported import Report

MARGIN = 13 * mm
WIDTH = A4[0] - 2 * MARGIN
GAP = 6.0
FONT, BOLD = "Vera", "VeraBd"  # come with reportlab and are embedded
TEXT = ParagraphStyle("text", fontName=FONT, fontSize=8.5, leading=12, textColor=HexColor(PAGE_COLOURS["ink"]))
DOUBT = ParagraphStyle("doubt", TEXT, fontName=BOLD, textColor=HexColor("#8a4b00"))
NOTE = ParagraphStyle("note", TEXT, fontSize=7, leading=9, textColor=HexColor(PAGE_COLOURS["muted"]))
HEADINGS = {
    1: ParagraphStyle("h1", TEXT, fontName=BOLD, fontSize=18, leading=23, spaceAfter=4),
    2: ParagraphStyle("h2", TEXT, fontName=BOLD, fontSize=14, leading=18, spaceAfter=4),
    3: ParagraphStyle("h3", TEXT, fontName=BOLD, fontSize=9.5, leading=13, spaceBefore=8, spaceAfter=3),
}
CELL = ParagraphStyle("cell", TEXT, fontSize=6.6, leading=8.2, splitLongWords=True)
NUMBER = ParagraphStyle("number", CELL, alignment=2)
HEAD = ParagraphStyle("head", CELL, fontName=BOLD, textColor=HexColor(PAGE_COLOURS["muted"]))
NUMBER_HEAD = ParagraphStyle("number head", HEAD, alignment=2)


def pdf_of(report: Report) -> bytes:
    """The PDF's bytes."""
    for name in (FONT, BOLD):
        if name not in pdfmetrics.getRegisteredFontNames():
            pdfmetrics.registerFont(TTFont(name, f"{name}.ttf"))
    buffer = io.BytesIO()
    document = SimpleDocTemplate(
        buffer, pagesize=A4, leftMargin=MARGIN, rightMargin=MARGIN, topMargin=MARGIN, bottomMargin=16 * mm,
        title=_latin(report.title), author="", creator=f"SemiView {report.manifest['versions']['semiview']}",
    )  # fmt: skip
    shared: dict[str, ImageReader] = {}
    story: list[Flowable] = []
    for block in blocks_of(report):
        story += _flowables(block, shared)
    footer = _latin(report.title)
    document.build(story, canvasmaker=lambda *given, **named: _Numbered(footer, *given, **named))
    return buffer.getvalue()


class _Numbered(Canvas):  # type: ignore[misc]
    """A canvas that knows at the end how many pages there are."""

    def __init__(self, footer: str, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._footer = footer
        self._pages: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802
        self._pages.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        for number, page in enumerate(self._pages, start=1):
            self.__dict__.update(page)
            self.setFont(FONT, 7)
            self.setFillColor(HexColor(PAGE_COLOURS["muted"]))
            self.drawString(MARGIN, 9 * mm, self._footer[:100])
            self.drawRightString(A4[0] - MARGIN, 9 * mm, f"{number} / {len(self._pages)}")
            super().showPage()
        super().save()


class _Drawing(Flowable):  # type: ignore[misc]
    """Figures side by side with their captions."""

    def __init__(self, figures: tuple[Figure, ...], shared: dict[str, ImageReader], columns: int) -> None:
        super().__init__()
        self._figures, self._shared = figures, shared
        self._each = (WIDTH - (columns - 1) * GAP) / columns
        self._captions = [Words_(escape(_latin(figure.caption)), NOTE) for figure in figures]
        self.width = WIDTH
        self.height = 0.0

    def wrap(self, available: float, _height: float) -> tuple[float, float]:
        tallest = max(figure.height / figure.width for figure in self._figures) * self._each
        words = max(caption.wrap(self._each, 1000)[1] for caption in self._captions)
        self.width, self.height = available, tallest + words + 5
        return self.width, self.height

    def draw(self) -> None:
        for number, (figure, caption) in enumerate(zip(self._figures, self._captions, strict=True)):
            scale = self._each / figure.width
            left, top = number * (self._each + GAP), self.height
            self.canv.saveState()
            self.canv.translate(left, top - figure.height * scale)
            self.canv.scale(scale, scale)
            _draw(self.canv, figure, self._shared)
            self.canv.restoreState()
            _, tall = caption.wrap(self._each, 1000)
            caption.drawOn(self.canv, left, top - figure.height * scale - tall - 3)


def _draw(canvas: Any, figure: Figure, shared: dict[str, ImageReader]) -> None:
    frame = canvas.beginPath()
    frame.rect(0, 0, figure.width, figure.height)
    canvas.clipPath(frame, stroke=0, fill=0)
    if figure.picture is not None:
        name = figure.picture.name
        if name not in shared:
            shared[name] = ImageReader(io.BytesIO(figure.picture.jpeg))
        canvas.drawImage(shared[name], 0, 0, figure.width, figure.height)
    canvas.setLineJoin(1)
    for mark in figure.marks:
        if isinstance(mark, Line):
            canvas.setStrokeColor(_colour(mark.colour))
            canvas.setLineWidth(mark.width)
            canvas.setDash(4, 3) if mark.dashed else canvas.setDash()
            path = canvas.beginPath()
            for stroke in strokes(mark.points):
                places = [(x, figure.height - y) for x, y in stroke.tolist()]
                path.moveTo(*places[0])
                for place in places[1:]:
                    path.lineTo(*place)
            canvas.drawPath(path, stroke=1, fill=0)
        elif isinstance(mark, Box):
            canvas.setFillColor(_colour(mark.colour, mark.opacity))
            canvas.rect(mark.x, figure.height - mark.y - mark.height, mark.width, mark.height, stroke=0, fill=1)
        else:
            canvas.setFillColor(_colour(mark.colour))
            canvas.setFont(FONT, mark.size)
            write = {"start": canvas.drawString, "middle": canvas.drawCentredString, "end": canvas.drawRightString}
            canvas.saveState()
            canvas.translate(mark.x, figure.height - mark.y)
            if mark.upright:
                canvas.rotate(90)
            write[mark.anchor](0, 0, _latin(mark.text))
            canvas.restoreState()


def _flowables(block: Block, shared: dict[str, ImageReader]) -> list[Flowable]:
    if isinstance(block, Heading):
        heading = Words_(_anchored(block), HEADINGS[block.level])
        if block.level == 2:
            return [PageBreak(), heading]
        # A heading stays with the beginning of what follows it.
        return [CondPageBreak(30 * mm), heading] if block.level == 3 else [heading]
    if isinstance(block, Paragraph):
        return [Words_(escape(_latin(block.text)), DOUBT if block.doubt else TEXT), Spacer(0, 3)]
    if isinstance(block, Gallery):
        rows = [block.figures[begin : begin + 2] for begin in range(0, len(block.figures), 2)]
        return [KeepTogether([_Drawing(row, shared, 2), Spacer(0, 5)]) for row in rows]
    return [_table(block), Words_(escape(_latin(block.note)), NOTE), Spacer(0, 4)]


def _anchored(heading: Heading) -> str:
    return (
        f'<a name="{heading.anchor}"/>{escape(_latin(heading.text))}'
        if heading.anchor
        else escape(_latin(heading.text))
    )


def _table(grid: Grid) -> Flowable:
    numeric = numeric_columns(grid)
    cells: list[list[Words_]] = []
    if any(grid.columns):
        styles = [NUMBER_HEAD if number else HEAD for number in numeric]
        cells.append([Words_(escape(_latin(name)), style) for name, style in zip(grid.columns, styles, strict=True)])
    styles = [NUMBER if number else CELL for number in numeric]
    cells += [[Words_(_cell(cell, grid), style) for cell, style in zip(row, styles, strict=True)] for row in grid.rows]
    if not cells:
        return Spacer(0, 0)
    style = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 0), (-1, -1), 0.3, HexColor(PAGE_COLOURS["grid"])),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("RIGHTPADDING", (0, 0), (-1, -1), 4),
        ("TOPPADDING", (0, 0), (-1, -1), 1.5),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 1.5),
    ]
    return LongTable(
        cells, colWidths=_widths(grid, numeric), repeatRows=1 if any(grid.columns) else 0, style=TableStyle(style),
        hAlign="LEFT",
    )  # fmt: skip


def _widths(grid: Grid, numeric: list[bool]) -> list[float]:
    """Numbers get what they need, words share the rest in proportion to their longest."""
    needed = []
    for index, name in enumerate(grid.columns):
        texts = [row[index] for row in grid.rows]
        head = pdfmetrics.stringWidth(_latin(name), BOLD, HEAD.fontSize)
        longest = max((pdfmetrics.stringWidth(_latin(text), FONT, CELL.fontSize) for text in texts), default=0.0)
        words = max((pdfmetrics.stringWidth(word, BOLD, HEAD.fontSize) for word in _latin(name).split()), default=0.0)
        needed.append(max(longest, words if numeric[index] else head) + 6)
    total = sum(needed)
    if total <= WIDTH:
        return needed if grid.narrow else [width * WIDTH / total for width in needed]
    # Only long words give way: numbers and short words keep their width.
    long = [width > 0.18 * WIDTH and not number for width, number in zip(needed, numeric, strict=True)]
    fixed = sum(width for width, gives in zip(needed, long, strict=True) if not gives)
    if fixed > 0.85 * WIDTH or total == fixed:
        return [width * WIDTH / total for width in needed]
    share = (WIDTH - fixed) / (total - fixed)
    return [width * share if gives else width for width, gives in zip(needed, long, strict=True)]


def _cell(text: str, grid: Grid) -> str:
    anchor = grid.links.get(text)
    return escape(_latin(text)) if anchor is None else f'<a href="#{anchor}">{escape(_latin(text))}</a>'


def _colour(name: str, opacity: float = 1.0) -> Color:
    colour = HexColor(PAGE_COLOURS.get(name, name))
    return Color(colour.red, colour.green, colour.blue, opacity)


def _latin(text: str) -> str:
    """The font knows Western letters; of another it tells the code instead of drawing an empty box."""
    return text.encode("cp1252", "backslashreplace").decode("cp1252")
