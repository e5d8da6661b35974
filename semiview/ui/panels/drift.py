"""Have the pictures changed? Strata on the left, their windows in the middle, pictures that show it on the right."""

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QProgressBar,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from semiview.monitoring.drift import StratumDrift
from semiview.monitoring.random_share import Rate
from semiview.ui.drifting import Drifting
from semiview.ui.plots.drift_chart import DriftChart
from semiview.ui.theme import BAD, DOUBT, GOOD, dot
from semiview.ui.thumbnails import HEIGHT_PX, WIDTH_PX, Thumbnails

EMPTY = (
    "Look holds every picture of the project against the accepted ones of the same tool, layer, type and pixel size. "
    "The first look makes the reference; accept some pictures first."
)
STATE_COLOURS = {"steady": GOOD, "drift": BAD, "slow change": DOUBT, "waiting": ""}


def _rate(rate: Rate) -> str:
    return f"{rate.corrected} of {rate.decided}"


class DriftPanel(QWidget):
    """What the monitor says, stratum by stratum.

    Attributes
    ----------
    case_wanted
        A case whose picture was double-clicked.
    """

    case_wanted = Signal(str)

    def __init__(self, drifting: Drifting, thumbnails: Thumbnails, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._drifting, self._thumbnails = drifting, thumbnails
        self._shown: tuple[StratumDrift, ...] = ()
        self.look = QPushButton("Look")
        self.look.setProperty("main", True)
        self.renew = QPushButton("New reference")
        self.stop = QPushButton("Stop")
        self.bar = QProgressBar()
        self.words = QLabel(EMPTY)
        self.words.setObjectName("drift_words")
        self.words.setWordWrap(True)
        self.table = QTableWidget(0, 3)
        self.table.setHorizontalHeaderLabels(["Stratum", "State", "Corrected"])
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(22)
        self.table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setShowGrid(False)
        self.chart = DriftChart()
        self.says = QLabel()
        self.says.setObjectName("drift_says")
        self.says.setWordWrap(True)
        self.now, self.before = self._pictures("Now"), self._pictures("Reference")

        buttons = QHBoxLayout()
        for button in (self.look, self.renew, self.stop):
            buttons.addWidget(button)
        left = QVBoxLayout()
        left.addLayout(buttons)
        left.addWidget(self.bar)
        left.addWidget(self.words)
        left.addWidget(self.table, 1)
        middle = QVBoxLayout()
        middle.addWidget(self.says)
        middle.addWidget(self.chart, 1)
        right = QVBoxLayout()
        for title, pictures in (("Now", self.now), ("Reference", self.before)):
            right.addWidget(QLabel(title))
            right.addWidget(pictures, 1)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.setSpacing(12)
        layout.addLayout(left, 5)
        layout.addLayout(middle, 7)
        layout.addLayout(right, 3)

        self.look.clicked.connect(lambda: drifting.look())
        self.renew.clicked.connect(lambda: drifting.look(new_reference=True))
        self.stop.clicked.connect(drifting.stop)
        self.table.currentCellChanged.connect(lambda row, *_: self._show_stratum(row))
        drifting.changed.connect(self.refresh)
        thumbnails.arrived.connect(self._picture_arrived)
        self.refresh()

    def refresh(self) -> None:
        """Show where the monitor stands."""
        drifting = self._drifting
        for button, why, tip in (
            (self.look, drifting.why_not_look(), "Hold all pictures against the reference"),
            (self.renew, drifting.why_not_look(), "Make a further reference of what is accepted now, and look"),
            (self.stop, drifting.why_not_stop(), "Leave off"),
        ):
            button.setEnabled(why is None)
            button.setToolTip(tip if why is None else f"{tip}\nNot now: {why}")
        self.bar.setVisible(drifting.busy)
        progress = drifting.progress
        self.bar.setRange(0, 0 if progress is None else max(progress.total, 1))
        if progress is not None:
            self.bar.setValue(progress.done)
        said = [drifting.words or EMPTY]
        if drifting.trigger is not None:
            said += drifting.trigger.advice.asks
        self.words.setText("\n".join(said))
        strata = () if drifting.report is None else drifting.report.strata
        if strata is not self._shown:
            self._show_strata(strata)
        self._show_rates()

    def _show_rates(self) -> None:
        """How many predictions of each stratum were corrected: the one signal here that is tied to error."""
        trigger = self._drifting.trigger
        reviews = {} if trigger is None else {one.stratum: one for one in trigger.strata}
        for row, one in enumerate(self._shown):
            review = reviews.get(one.stratum)
            item = QTableWidgetItem("" if review is None or not review.all_cases.decided else _rate(review.all_cases))
            if review is not None:
                item.setToolTip(
                    f"Of a random sample: {review.at_random.words}\nOf all decided: {review.all_cases.words}"
                )
            self.table.setItem(row, 2, item)

    def _show_strata(self, strata: tuple[StratumDrift, ...]) -> None:
        self._shown = strata
        self.table.setRowCount(len(strata))
        for row, one in enumerate(strata):
            name, state = QTableWidgetItem(one.stratum.words), QTableWidgetItem(one.state)
            colour = STATE_COLOURS[one.state]
            if colour:
                state.setIcon(QIcon(dot(colour)))
            for column, item in enumerate((name, state)):
                item.setToolTip("\n".join(filter(None, (one.stratum.words, one.words, one.note))))
                self.table.setItem(row, column, item)
        worst = next((row for row, one in enumerate(strata) if one.state in ("drift", "slow change")), 0)
        self.table.setCurrentCell(worst if strata else -1, 0)
        self._show_stratum(worst if strata else -1)

    def _show_stratum(self, row: int) -> None:
        one = self._shown[row] if 0 <= row < len(self._shown) else None
        self.chart.show_stratum(one)
        if one is None:
            self.says.setText("")
        else:
            note = f" Note: {one.note}." if one.note else ""
            reference = f"{one.reference_images} reference images of {one.reference_groups} groups."
            self.says.setText(f"<b>{one.words}</b> {reference}{note}")
        for pictures, names in (
            (self.now, () if one is None else one.examples or (one.windows[-1].names[:3] if one.windows else ())),
            (self.before, () if one is None else one.reference_examples),
        ):
            pictures.clear()
            for name in names:
                item = QListWidgetItem(name)
                item.setToolTip(f"{name}\nDouble-click opens it")
                pictures.addItem(item)
                self._set_picture(item)

    def _pictures(self, name: str) -> QListWidget:
        pictures = QListWidget()
        pictures.setAccessibleName(f"Example pictures: {name}")
        pictures.setIconSize(QSize(WIDTH_PX, HEIGHT_PX))
        pictures.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        pictures.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        pictures.itemDoubleClicked.connect(lambda item: self.case_wanted.emit(item.text()))
        return pictures

    def _picture_arrived(self, case_id: str) -> None:
        for pictures in (self.now, self.before):
            for item in pictures.findItems(case_id, Qt.MatchFlag.MatchExactly):
                self._set_picture(item)

    def _set_picture(self, item: QListWidgetItem) -> None:
        picture = self._thumbnails.get(item.text())
        if picture is not None:
            item.setIcon(QIcon(picture))
