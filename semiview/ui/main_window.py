"""The window: panels around the views, menus and tools from the one table of actions."""

import logging
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QByteArray, QSettings, QSize, Qt
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QGuiApplication, QKeyEvent, QShowEvent
from PySide6.QtWidgets import QApplication, QMainWindow, QVBoxLayout, QWidget

from semiview.core.case import Case
from semiview.core.document import Document
from semiview.ui.actions.looking import OVERLAYS
from semiview.ui.bindings import desk_bindings
from semiview.ui.canvas.camera import Camera
from semiview.ui.canvas.legend import Legend
from semiview.ui.canvas.linked_views import LinkedViews
from semiview.ui.canvas_hands import CanvasHands
from semiview.ui.check_marks import tick
from semiview.ui.desk import Desk
from semiview.ui.docks import above, add_docks, arrange, split, tabs
from semiview.ui.key_guard import KeyGuard
from semiview.ui.key_map import KeyMap
from semiview.ui.measure_bindings import measure_bindings
from semiview.ui.menus import Menus
from semiview.ui.middle import Middle
from semiview.ui.panels.align_strip import AlignStrip
from semiview.ui.panels.case_list import CaseList
from semiview.ui.panels.display import DisplayPanel
from semiview.ui.panels.drift import DriftPanel
from semiview.ui.panels.export_strip import ExportStrip
from semiview.ui.panels.history import HistoryPanel
from semiview.ui.panels.log import LOGGER, LogPanel
from semiview.ui.panels.measurements.panel import MeasurementsPanel
from semiview.ui.panels.question_bar import QuestionBar
from semiview.ui.panels.registration import RegistrationPanel
from semiview.ui.panels.review import ReviewPanel
from semiview.ui.panels.status_line import SENTENCE_MS, StatusLine
from semiview.ui.panels.training import TrainingPanel
from semiview.ui.projects import Projects
from semiview.ui.questions import Questions
from semiview.ui.settings_dialog import autosave_s
from semiview.ui.theme import CHOICES, Choice, apply_theme
from semiview.ui.toolbar import Toolbar
from semiview.ui.tour import Tour
from semiview.ui.view_settings import ViewSettings, from_json, to_json
from semiview.ui.window_actions import Actions, Binding
from semiview.ui.window_dialogs import WindowDialogs

logger = logging.getLogger(LOGGER)

AT_FIRST = QSize(1600, 1000)


class MainWindow(QMainWindow):
    """One project at a time.

    Parameters
    ----------
    settings
        The user's own: reviewer, theme, how the window stood.
    """

    def __init__(self, settings: QSettings, reviewer: str = "") -> None:
        super().__init__()
        self._settings = settings
        self.setWindowTitle("SemiView")
        self.desk = Desk(self)
        self.desk.reviewing.reviewer = str(settings.value("reviewer", reviewer))
        self.desk.keeping.set_delay(autosave_s(settings))
        session = self.desk.session
        self.projects = Projects(self, settings, self.desk.errands, self.open_project, session.said.emit)
        self.dialogs = WindowDialogs(self.desk, settings, lambda: self.actions_, self._theme, self.set_theme, self)
        self.setAcceptDrops(True)
        self._held_key = 0

        self.views = LinkedViews()
        self.questions_bar = QuestionBar()
        self.tour = Tour(session, self.questions_bar, self)
        self._build_panels()
        self.middle = Middle(session, self.views, self.actions_)
        self.message = self.middle.message
        self.setCentralWidget(self._centre())
        self.docks = add_docks(
            self,
            above(self.case_list, self.align_strip, self.export_strip),
            split(self.readings, self.review),
            self.work,
        )
        toggles = [dock.toggleViewAction() for dock in self.docks.values()]
        self.menus = Menus(self, self.actions_, self.projects, toggles, self.set_theme)
        self.toolbar = Toolbar(session, self.actions_, self.menus["&Compare"], self.docks["work"].toggleViewAction())
        self.addToolBar(self.toolbar)
        self.compare, self.opacity = self.toolbar.compare, self.toolbar.opacity
        self._guard = KeyGuard(self.views.views["sem"], self)
        self._guard.watch(self)
        self.questions = Questions(self.desk, self.questions_bar, self._guard, self)
        self.hands = CanvasHands(self.desk, self.views, self)
        self._connect()
        self._connect_log()
        self.set_theme(self._theme())
        self._restore()
        self.middle.show_state()
        self._refresh_actions()

    def open_project(self, folder: Path) -> None:
        """Open a project folder."""
        self.middle.project_opens(str(folder))
        self.desk.open_project(folder)

    def set_theme(self, choice: Choice) -> None:
        """Light, dark, or as the system says."""
        self._settings.setValue("theme", choice)
        application = QApplication.instance()
        if isinstance(application, QApplication):
            apply_theme(application, choice)
        self.actions_.refresh_icons()
        self.toolbar.refresh_icons()
        self.menus.show_theme(choice)

    def showEvent(self, event: QShowEvent) -> None:
        """The keys belong to the window at first, not to the filter."""
        super().showEvent(event)
        self.setFocus()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Write what is in hand; what cannot be written is not lost in silence."""
        self.views.finish_gesture()
        self.desk.keeping.leave()
        self.desk.saving.settle()
        failures = self.desk.saving.failures
        if failures and not self.dialogs.close_anyway([f"{failure.what}: {failure.why}" for failure in failures]):
            event.ignore()
            return
        self._settings.setValue("view", to_json(self.desk.session.view))
        self._settings.setValue("geometry", self.saveGeometry())
        self._settings.setValue("docks", self.saveState())
        self.case_list.keep(self._settings)
        self.desk.close()
        self.log.close_log()
        event.accept()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Folders and files may be dropped anywhere."""
        if self.projects.takes(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """A project, or parts of one to be."""
        event.acceptProposedAction()
        self.projects.dropped(event.mimeData())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """F held blinks; a key whose command cannot be done now says why."""
        if not event.isAutoRepeat() and self.actions_.holds("compare.hold", event):
            self._held_key = event.key()
            self.views.hold_blink(True)
            return
        refused = None if event.isAutoRepeat() else self.actions_.refused(event)
        if refused is not None:
            self.desk.session.said.emit(refused)
        super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """F let go shows them again."""
        if not event.isAutoRepeat() and event.key() == self._held_key:
            self._held_key = 0
            self.views.hold_blink(False)
        else:
            super().keyReleaseEvent(event)

    def _build_panels(self) -> None:
        desk, session = self.desk, self.desk.session
        self.case_list = CaseList(desk.cases)
        self.measurements = MeasurementsPanel(session, desk.marking, desk.gauging, desk.errands)
        self.training = TrainingPanel(session, desk.training, desk.reviewing, desk.drifting)
        self.drift = DriftPanel(desk.drifting, desk.thumbnails)
        self.history = HistoryPanel(session, desk.tracing)
        self.log = LogPanel()
        # The review panel's buttons are actions, and some actions need the panel: it is filled right after.
        self.review = ReviewPanel(session, desk.reviewing, desk.annotating, desk.cases, desk.saving)
        self.actions_ = Actions(self, self._bindings(), KeyMap.read(self._settings))
        self.review.set_buttons(*(self.actions_[f"review.{name}"] for name in ("accept", "reject", "skip", "retract")))
        self.review.set_second_look(self.actions_["review.second_look"])
        self.measurements.set_actions(self.actions_)
        self.registration = RegistrationPanel(session, desk.registering, desk.landmarking, self.actions_)
        self.align_strip = AlignStrip(desk.aligning, self.actions_)
        self.export_strip = ExportStrip(desk.exporting, self.actions_)
        self.legend = Legend({name: self.actions_[f"overlays.{name}"] for name, _ in OVERLAYS})
        self.views.set_corner(self.legend)
        self.display = DisplayPanel(session, desk.comparing, self.actions_)
        self.readings = tabs(Registration=self.registration, CD_and_EPE=self.measurements, Display=self.display)
        self.work = tabs(Training=self.training, Drift=self.drift, History=self.history, Log=self.log)
        self.status_line = StatusLine(session, desk.saving)
        self.setStatusBar(self.status_line)

    def _bindings(self) -> dict[str, Binding]:
        exporting = self.desk.exporting
        return (
            desk_bindings(self.desk, self.views, self.review)
            | measure_bindings(self.desk, self.measurements, self)
            | self.dialogs.bindings()
            | {
                "app.export_accepted": Binding(exporting.toggle_only_accepted),
                "measure.all": Binding(self.desk.measure_all, self.desk.why_not_measure_all),
                "app.export_stop": Binding(exporting.stop, exporting.why_not_stop),
                "app.open": Binding(self.projects.choose),
                "app.new": Binding(self.projects.new),
                "app.example": Binding(self.projects.example),
                "app.tour": Binding(self.tour.begin, self.tour.why_not),
                "app.quit": Binding(self.close),
            }
        )

    def _centre(self) -> QWidget:
        centre = QWidget()
        column = QVBoxLayout(centre)
        column.setContentsMargins(4, 4, 4, 4)
        column.setSpacing(4)
        column.addWidget(self.questions_bar)
        column.addWidget(self.middle, 1)
        return centre

    def _connect(self) -> None:
        desk, session, views = self.desk, self.desk.session, self.views
        session.case_changed.connect(self._case_changed)
        session.changed.connect(self._document_changed)
        session.prediction_changed.connect(self._prediction_changed)
        session.measured.connect(views.show_measurement)
        session.view_changed.connect(self._view_changed)
        session.tool_changed.connect(self._tool_changed)
        session.before_changed.connect(self._show_document)
        session.workspace_changed.connect(self._workspace_changed)
        views.pointer_moved.connect(self.status_line.show_pointer)
        views.pointer_left.connect(lambda: self.status_line.show_pointer(float("nan"), float("nan")))
        views.camera_changed.connect(self._camera_changed)
        self.drift.case_wanted.connect(desk.opening.open)
        self.case_list.wanted.connect(desk.opening.open)
        self.case_list.wanted.connect(lambda _: views.views["sem"].setFocus())
        self.measurements.wanted.connect(lambda: self.readings.setCurrentWidget(self.measurements))
        self.review.rejected.connect(desk.reviewing.reject)
        desk.company.day_changed.connect(self.case_list.show_day)
        desk.opening.began.connect(self.case_list.show_current)
        desk.opening.began.connect(self._case_began)
        desk.opening.failed.connect(self._case_failed)
        desk.project_failed.connect(self.middle.project_failed)
        for signal in (
            session.review_changed, session.measured, desk.registering.freedom_changed, desk.saving.changed,
            desk.opening.latest.busy_changed, desk.registering.latest.busy_changed, desk.predicting.changed,
            desk.cases.modelReset, desk.aligning.changed, desk.exporting.changed, desk.landmarking.changed,
            desk.marking.changed, desk.gauging.selected_changed, desk.gauging.rulers_changed,
            desk.drafting.changed, desk.reshaping.changed, desk.annotating.changed, desk.comparing.changed,
            self.measurements.chosen_changed,
        ):  # fmt: skip
            signal.connect(self._refresh_actions)
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._scheme_changed)

    def _connect_log(self) -> None:
        desk = self.desk
        for said in (desk.session.said, desk.session.noted):
            said.connect(logger.info)
        for failed in (desk.predicting.failed, desk.aligning.failed, desk.exporting.failed):
            failed.connect(logger.warning)
        desk.training.failed.connect(lambda reason, _: logger.warning(reason))
        desk.saving.failed.connect(lambda failure: logger.warning(f"not saved: {failure.what}: {failure.why}"))

    def _refresh_actions(self, *_: object) -> None:
        self.actions_.refresh()
        tick(self.actions_, self.desk)
        self.views.set_awaited(self.desk.predicting.awaited)

    def _case_began(self, case_id: str) -> None:
        self.middle.case_opens(case_id)
        if self.desk.session.case is None:
            self.setFocus()  # the keys belong to the window, not to the filter

    def _case_changed(self) -> None:
        session = self.desk.session
        self.views.show_case(session.case, session.document)
        if session.case is not None:
            self.middle.show_state()
            self.case_list.show_current(session.case.case_id)
            self.setWindowTitle(f"{session.case.case_id} · {self._project_name()} · SemiView")
        self._refresh_actions()

    def _prediction_changed(self, case: Case) -> None:
        document = self.desk.session.document
        if document is not None:
            self.views.show_case(case, document)
        self._refresh_actions()

    def _document_changed(self, old: Document, new: Document) -> None:
        if old.registration is not new.registration:
            self.desk.session.set_before(False)
        self.views.show_document(old, new)
        self._refresh_actions()

    def _show_document(self, before: bool) -> None:
        session = self.desk.session
        if session.case is not None and session.document is not None:
            shown = replace(session.document, registration=session.case.nominal) if before else session.document
            self.views.show_document(None, shown)
        self._refresh_actions()

    def _view_changed(self, _old: ViewSettings, new: ViewSettings) -> None:
        self.views.set_view_settings(new)
        self._refresh_actions()

    def _tool_changed(self, tool: str) -> None:
        self.views.set_tool(tool)
        self._refresh_actions()
        if tool != "pan":
            spec = self.actions_.spec(f"tools.{tool}")
            self.status_line.showMessage(f"{spec.text}. {spec.tip}.", SENTENCE_MS)

    def _camera_changed(self, camera: Camera | None) -> None:
        self.status_line.show_zoom(float("nan") if camera is None else camera.zoom)

    def _workspace_changed(self) -> None:
        self.middle.show_state()
        self.setWindowTitle(f"{self._project_name()} · SemiView" if self.desk.session.workspace else "SemiView")
        if self.desk.session.workspace is not None:
            self.projects.opened(self.desk.session.workspace.project.folder)

    def _project_name(self) -> str:
        workspace = self.desk.session.workspace
        return "" if workspace is None else workspace.project.folder.name

    def _case_failed(self, case_id: str, sentence: str) -> None:
        self.middle.case_failed(case_id, sentence)
        self.desk.session.said.emit(f"{case_id} cannot be opened.")

    def _theme(self) -> Choice:
        wanted = self._settings.value("theme", "system")
        return next((choice for choice in CHOICES if choice == wanted), "system")

    def _scheme_changed(self) -> None:
        if self._theme() == "system":
            self.set_theme("system")

    def _restore(self) -> None:
        self.desk.session.set_view(from_json(str(self._settings.value("view", "{}"))))
        self.case_list.restore(self._settings)
        geometry, docks = self._settings.value("geometry"), self._settings.value("docks")
        if isinstance(geometry, QByteArray) and isinstance(docks, QByteArray):
            self.restoreGeometry(geometry)
            self.restoreState(docks)
            return
        screen = QGuiApplication.primaryScreen().availableSize()
        self.resize(AT_FIRST.boundedTo(screen))
        if AT_FIRST.boundedTo(screen) != AT_FIRST:
            # A window of the screen's size would have its status line below the edge, by the height of its title.
            self.setWindowState(Qt.WindowState.WindowMaximized)
        self.docks["work"].hide()
        arrange(self, self.docks)
