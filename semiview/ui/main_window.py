"""The window: panels around the views, menus and tools from the one table of actions."""

import logging
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QByteArray, QSettings, QSize, Qt
from PySide6.QtGui import QActionGroup, QCloseEvent, QDragEnterEvent, QDropEvent, QGuiApplication, QKeyEvent, QShowEvent
from PySide6.QtWidgets import (
    QApplication,
    QDockWidget,
    QFileDialog,
    QMainWindow,
    QMenu,
    QMessageBox,
    QSlider,
    QSplitter,
    QStackedWidget,
    QTabWidget,
    QToolBar,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from semiview.core.case import Case
from semiview.core.document import Document
from semiview.ui.actions import MENUS, OVERLAYS, TOOLBAR, TOOLS, native
from semiview.ui.bindings import BRUSH_STEP, adjust_mode, change_brush, desk_bindings
from semiview.ui.canvas.camera import Camera
from semiview.ui.canvas.legend import Legend
from semiview.ui.canvas.linked_views import LinkedViews
from semiview.ui.command_palette import CommandPalette
from semiview.ui.compare_modes import COMPARE_MODES, PAIRS
from semiview.ui.desk import Desk
from semiview.ui.exporting import KINDS
from semiview.ui.guide import Guide
from semiview.ui.key_guard import KeyGuard
from semiview.ui.key_map import KeyMap
from semiview.ui.key_sheet import KeySheet
from semiview.ui.measure_bindings import measure_bindings
from semiview.ui.panels.align_strip import AlignStrip
from semiview.ui.panels.case_list import CaseList
from semiview.ui.panels.display import DisplayPanel
from semiview.ui.panels.drift import DriftPanel
from semiview.ui.panels.export_strip import ExportStrip
from semiview.ui.panels.history import HistoryPanel
from semiview.ui.panels.log import LOGGER, LogPanel
from semiview.ui.panels.measurements.panel import MeasurementsPanel
from semiview.ui.panels.message_page import MessagePage
from semiview.ui.panels.question_bar import QuestionBar
from semiview.ui.panels.registration import RegistrationPanel
from semiview.ui.panels.review import ReviewPanel
from semiview.ui.panels.status_line import SENTENCE_MS, StatusLine
from semiview.ui.panels.training import TrainingPanel
from semiview.ui.projects import Projects
from semiview.ui.questions import Questions
from semiview.ui.settings_dialog import SettingsDialog, autosave_s
from semiview.ui.shortcut_editor import ShortcutEditor
from semiview.ui.theme import Choice, apply_theme, icon
from semiview.ui.tour import Tour
from semiview.ui.view_settings import MOUSE_PRESETS, MousePreset, ViewSettings, from_json, to_json
from semiview.ui.window_actions import Actions, Binding

logger = logging.getLogger(LOGGER)

NEAR_ZOOM = 1.0  # at least so near, to see a place that a table names
LEFT_PX, RIGHT_PX, BOTTOM_PX = 256, (300, 400), 230
RIGHT_SHARE = 0.24  # of the window: tables want room, the views more


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
        session = self.desk.session
        self.desk.keeping.set_delay(autosave_s(settings))
        self.projects = Projects(self, settings, self.desk.errands, self.open_project, session.said.emit)
        self.setAcceptDrops(True)
        self._held_key = 0

        self.views = LinkedViews()
        self.message = MessagePage()
        self.questions_bar = QuestionBar()
        self.tour = Tour(session, self.questions_bar, self)
        self.middle = QStackedWidget()
        self.middle.addWidget(self.message)
        self.middle.addWidget(self.views)
        centre = QWidget()
        column = QVBoxLayout(centre)
        column.setContentsMargins(4, 4, 4, 4)
        column.setSpacing(4)
        column.addWidget(self.questions_bar)
        column.addWidget(self.middle, 1)
        self.setCentralWidget(centre)

        self.case_list = CaseList(self.desk.cases)
        self.measurements = MeasurementsPanel(session, self.desk.marking, self.desk.gauging, self.desk.errands)
        self.training = TrainingPanel(session, self.desk.training, self.desk.reviewing, self.desk.drifting)
        self.drift = DriftPanel(self.desk.drifting, self.desk.thumbnails)
        self.history = HistoryPanel(session, self.desk.tracing)
        self.log = LogPanel()
        # The review panel's buttons are actions, and some actions need the panel: it is filled right after.
        self.review = ReviewPanel(session, self.desk.reviewing, self.desk.annotating, self.desk.cases, self.desk.saving)
        self.actions_ = Actions(self, self._bindings(), KeyMap.read(settings))
        self.review.set_buttons(*(self.actions_[f"review.{name}"] for name in ("accept", "reject", "skip", "retract")))
        self.measurements.set_actions(self.actions_)
        self.review.set_second_look(self.actions_["review.second_look"])
        self.registration = RegistrationPanel(session, self.desk.registering, self.desk.landmarking, self.actions_)
        self.align_strip = AlignStrip(self.desk.aligning, self.actions_)
        self.export_strip = ExportStrip(self.desk.exporting, self.actions_)
        self.legend = Legend({name: self.actions_[f"overlays.{name}"] for name, _ in OVERLAYS})
        self.views.set_corner(self.legend)
        self.display = DisplayPanel(session, self.actions_)
        self.status_line = StatusLine(session, self.desk.saving)
        self.setStatusBar(self.status_line)
        self._build_docks()
        self._build_menus()
        self._build_toolbar()
        self._guard = KeyGuard(self.views.views["sem"], self)
        self._guard.watch(self)
        self.questions = Questions(self.desk, self.questions_bar, self._guard, self)
        self._connect()
        self.set_theme(self._theme())
        self._restore()
        self._show_middle()
        self.actions_.refresh()

    def open_project(self, folder: Path) -> None:
        """Open a project folder."""
        self.message.say("Opening…", str(folder))
        self.middle.setCurrentWidget(self.message)
        self.desk.open_project(folder)

    def set_theme(self, choice: Choice) -> None:
        """Light, dark, or as the system says."""
        self._settings.setValue("theme", choice)
        application = QApplication.instance()
        if isinstance(application, QApplication):
            apply_theme(application, choice)
        self.actions_.refresh_icons()
        self.compare.setIcon(icon("compare"))
        self._themes[choice].setChecked(True)

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
        if failures and not self._close_anyway([f"{failure.what}: {failure.why}" for failure in failures]):
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

    def _bindings(self) -> dict[str, Binding]:
        bindings = desk_bindings(self.desk, self.views, self.review) | measure_bindings(
            self.desk, self.measurements, self
        )
        return bindings | {
            "app.export": Binding(self._choose_export, self.desk.exporting.why_not_start),
            "app.export_tables": Binding(self._choose_folder, self.desk.exporting.why_not_start),
            "app.export_accepted": Binding(self.desk.exporting.toggle_only_accepted),
            "app.export_stop": Binding(self.desk.exporting.stop, self.desk.exporting.why_not_stop),
            "app.open": Binding(self.projects.choose),
            "app.new": Binding(self.projects.new),
            "app.example": Binding(self.projects.example),
            "app.tour": Binding(self.tour.begin, self.tour.why_not),
            "app.guide": Binding(self._show_guide),
            "app.settings": Binding(self._show_settings),
            "app.palette": Binding(lambda: CommandPalette(self.actions_, self).show()),
            "app.keys": Binding(lambda: KeySheet(self.actions_.keys, self.desk.session.tool, self).show()),
            "app.shortcuts": Binding(self._change_keys),
            "app.quit": Binding(self.close),
        }

    def _build_docks(self) -> None:
        left, right, bottom = (
            Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea,
            Qt.DockWidgetArea.BottomDockWidgetArea,
        )  # fmt: skip
        self.setCorner(Qt.Corner.BottomLeftCorner, bottom)
        self.setCorner(Qt.Corner.BottomRightCorner, bottom)
        self.readings, self.work = QTabWidget(), QTabWidget()
        self.readings.addTab(self.registration, "Registration")
        self.readings.addTab(self.measurements, "CD and EPE")
        self.readings.addTab(self.display, "Display")
        self.work.addTab(self.training, "Training")
        self.work.addTab(self.drift, "Drift")
        self.work.addTab(self.history, "History")
        self.work.addTab(self.log, "Log")
        for tabs in (self.readings, self.work):
            tabs.setDocumentMode(True)
        self.column = QSplitter(Qt.Orientation.Vertical)
        self.column.setChildrenCollapsible(False)
        self.column.addWidget(self.readings)
        self.column.addWidget(self.review)
        self.column.setStretchFactor(0, 1)
        self.column.setStretchFactor(1, 0)
        cases = QWidget()
        under = QVBoxLayout(cases)
        under.setContentsMargins(0, 0, 0, 0)
        under.setSpacing(0)
        under.addWidget(self.case_list, 1)
        under.addWidget(self.align_strip)
        under.addWidget(self.export_strip)
        self.docks = {
            "cases": self._dock("cases", "Cases", cases, left),
            "readings": self._dock("readings", "Readings and review", self.column, right),
            "work": self._dock("work", "Training and log", self.work, bottom),
        }

    def _arrange(self) -> None:
        """How the panels stand at first: the views keep the room."""
        sides = [self.docks["cases"], self.docks["readings"]]
        right = int(min(max(RIGHT_SHARE * self.width(), RIGHT_PX[0]), RIGHT_PX[1]))
        self.resizeDocks(sides, [LEFT_PX, right], Qt.Orientation.Horizontal)
        self.resizeDocks([self.docks["work"]], [BOTTOM_PX], Qt.Orientation.Vertical)

    def _dock(self, name: str, title: str, panel: QWidget, area: Qt.DockWidgetArea) -> QDockWidget:
        dock = QDockWidget(title)
        dock.setObjectName(f"dock_{name}")
        dock.setFeatures(QDockWidget.DockWidgetFeature.NoDockWidgetFeatures)
        dock.setTitleBarWidget(QWidget())  # what is in it says what it is
        dock.setWidget(panel)
        self.addDockWidget(area, dock)
        return dock

    def _build_menus(self) -> None:
        self.menus: dict[str, QMenu] = {}
        for title, entries in MENUS:
            menu = self.menuBar().addMenu(title)
            menu.setToolTipsVisible(True)
            self.menus[title] = menu
            for name in entries:
                if name:
                    menu.addAction(self.actions_[name])
                else:
                    menu.addSeparator()
        recent = QMenu("Recent projects", self)
        recent.aboutToShow.connect(lambda: self.projects.fill(recent))
        self.menus["&Project"].insertMenu(self.actions_["app.example"], recent)
        view = self.menus["&View"]
        view.addSeparator()
        panels = view.addMenu("Panels")
        for dock in self.docks.values():
            panels.addAction(dock.toggleViewAction())
        theme = view.addMenu("Colours")
        group = QActionGroup(self)
        self._themes = {}
        names: tuple[tuple[Choice, str], ...] = (("system", "As the system"), ("light", "Light"), ("dark", "Dark"))
        for choice, text in names:
            action = theme.addAction(text)
            action.setCheckable(True)
            action.triggered.connect(lambda _=False, choice=choice: self.set_theme(choice))
            group.addAction(action)
            self._themes[choice] = action

    def _build_toolbar(self) -> None:
        bar = QToolBar("Tools")
        bar.setObjectName("toolbar")
        bar.setMovable(False)
        self.addToolBar(bar)
        for number, names in enumerate(TOOLBAR):
            if number:
                bar.addSeparator()
            for name in names:
                bar.addAction(self.actions_[name])
        self.compare = QToolButton()
        self.compare.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.compare.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.compare.setIcon(icon("compare"))
        self.compare.setMenu(self.menus["&Compare"])
        self.compare.setToolTip(f"How the pictures are compared ({native(self.actions_.keys.keys('compare.next'))})")
        bar.addWidget(self.compare)
        bar.addSeparator()
        self.opacity = QSlider(Qt.Orientation.Horizontal)
        self.opacity.setRange(0, 100)
        self.opacity.setFixedWidth(80)
        self.opacity.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.opacity.setToolTip("How strongly all overlays are drawn")
        self.opacity.setAccessibleName("Opacity of all overlays")
        self.opacity.setValue(round(100 * self.desk.session.view.opacity))
        bar.addWidget(self.opacity)
        group = QActionGroup(self)
        for tool in TOOLS:
            group.addAction(self.actions_[f"tools.{tool}"])
        spacer = QWidget()
        spacer.setSizePolicy(spacer.sizePolicy().Policy.Expanding, spacer.sizePolicy().Policy.Preferred)
        bar.addWidget(spacer)
        show_work = self.docks["work"].toggleViewAction()
        show_work.setToolTip("Show or hide training, history and log")
        bar.addAction(show_work)

    def _connect(self) -> None:
        desk, session, views = self.desk, self.desk.session, self.views
        session.case_changed.connect(self._case_changed)
        session.changed.connect(self._document_changed)
        session.prediction_changed.connect(self._prediction_changed)
        session.measured.connect(views.show_measurement)
        desk.residuals.found.connect(views.show_residuals)
        session.view_changed.connect(self._view_changed)
        session.tool_changed.connect(self._tool_changed)
        session.before_changed.connect(self._show_document)
        session.said.connect(logger.info)
        session.noted.connect(logger.info)
        desk.predicting.failed.connect(logger.warning)
        desk.aligning.failed.connect(logger.warning)
        desk.exporting.failed.connect(logger.warning)
        desk.training.failed.connect(lambda reason, _: logger.warning(reason))
        self.drift.case_wanted.connect(desk.opening.open)
        desk.saving.failed.connect(lambda failure: logger.warning(f"not saved: {failure.what}: {failure.why}"))
        session.place_wanted.connect(self._go_to)
        session.workspace_changed.connect(self._workspace_changed)
        views.pointer_moved.connect(self.status_line.show_pointer)
        views.pointer_left.connect(lambda: self.status_line.show_pointer(float("nan"), float("nan")))
        views.camera_changed.connect(self._camera_changed)
        views.register_drag.connect(desk.registering.drag)
        views.register_turn.connect(desk.registering.turn_drag)
        views.clicked.connect(desk.landmarking.click)
        views.clicked.connect(self._clicked)
        views.area.connect(desk.painting.box)
        views.handle_pressed.connect(lambda u, v, off: desk.reshaping.press(u, v, self._zoom(), off))
        views.handle_dragged.connect(desk.reshaping.drag)
        views.handle_released.connect(desk.reshaping.release)
        desk.drafting.changed.connect(self._show_draft)
        desk.reshaping.changed.connect(self._show_draft)
        desk.landmarking.changed.connect(lambda: views.show_landmarks(desk.landmarking.marks()))
        views.clicked.connect(self._measure_click)
        views.measure_drag.connect(self._measure_drag)
        views.pointer_moved.connect(desk.gauging.hover)
        desk.gauging.changed.connect(lambda: views.show_rulers(desk.gauging.marks()))
        views.stroke_began.connect(self._stroke_began)
        views.stroke.connect(desk.painting.stroke)
        views.stroke_ended.connect(lambda _: desk.painting.end())
        views.brush_steps.connect(lambda steps: change_brush(desk, BRUSH_STEP**steps))
        views.adjust_steps.connect(lambda steps: adjust_mode(desk, steps))
        views.divider_wanted.connect(lambda share: session.set_view(replace(session.view, divider=share)))
        self.case_list.wanted.connect(desk.opening.open)
        self.measurements.wanted.connect(lambda: self.readings.setCurrentWidget(self.measurements))
        desk.company.day_changed.connect(self.case_list.show_day)
        desk.annotating.changed.connect(self._refresh_actions)
        self.review.rejected.connect(desk.reviewing.reject)
        self.opacity.valueChanged.connect(lambda value: session.set_view(replace(session.view, opacity=value / 100)))
        desk.opening.began.connect(self.case_list.show_current)
        desk.opening.began.connect(self._case_began)
        desk.opening.failed.connect(self._case_failed)
        desk.project_failed.connect(self._project_failed)
        for signal in (
            session.review_changed, session.measured, desk.registering.freedom_changed, desk.saving.changed,
            desk.opening.latest.busy_changed, desk.registering.latest.busy_changed, desk.predicting.changed,
            desk.cases.modelReset, desk.aligning.changed, desk.exporting.changed, desk.landmarking.changed,
            desk.marking.changed, desk.gauging.selected_changed, desk.gauging.rulers_changed,
            self.measurements.chosen_changed,
        ):  # fmt: skip
            signal.connect(self._refresh_actions)
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._scheme_changed)

    def _refresh_actions(self, *_: object) -> None:
        self.actions_.refresh()
        view = self.desk.session.view
        for name, _text in OVERLAYS:
            self.actions_[f"overlays.{name}"].setChecked(getattr(view, name))
        for mode, spec in COMPARE_MODES.items():
            self.actions_[f"mode.{mode}"].setChecked(view.compare_mode == mode)
            if view.compare_mode == mode:
                self.compare.setText(spec.title)
        for pair in PAIRS:
            self.actions_[f"pair.{pair}"].setChecked(view.pair == pair)
        self.actions_["compare.blink"].setChecked(view.blink)
        self.actions_["view.still"].setChecked(view.still)
        self.actions_["tools.snap"].setChecked(view.snap)
        self.actions_["review.second_look"].setChecked(bool(self.desk.annotating.said.second_look))
        self.actions_["app.export_accepted"].setChecked(self.desk.exporting.only_accepted)
        self.actions_["register.before"].setChecked(self.desk.session.before)
        self.actions_["app.predict_always"].setChecked(self.desk.predicting.automatic)
        self.actions_["app.predict_average"].setChecked(self.desk.predicting.averaged)
        self.actions_[f"tools.{self.desk.session.tool}"].setChecked(True)
        history = self.desk.session.history
        for name, label in (("Undo", history and history.undo_label), ("Redo", history and history.redo_label)):
            self.actions_[f"app.{name.lower()}"].setText(f"{name} {label[0].lower()}{label[1:]}" if label else name)

    def _case_began(self, case_id: str) -> None:
        if self.desk.session.case is None:
            self.message.say(f"Opening {case_id}…", "")
            self.setFocus()  # the keys belong to the window, not to the filter

    def _case_changed(self) -> None:
        session = self.desk.session
        self.views.show_case(session.case, session.document)
        if session.case is not None:
            self.middle.setCurrentWidget(self.views)
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

    def _stroke_began(self) -> None:
        erases = bool(QGuiApplication.keyboardModifiers() & Qt.KeyboardModifier.ControlModifier)
        self.desk.painting.begin(erases)

    def _measure_click(self, u: float, v: float) -> None:
        free = bool(QGuiApplication.keyboardModifiers() & Qt.KeyboardModifier.ControlModifier)
        self.desk.gauging.click(u, v, free)

    def _measure_drag(self, start_u: float, start_v: float, u: float, v: float, finished: bool) -> None:
        if self.views.camera is not None:
            self.desk.gauging.drag((start_u, start_v), (u, v), self.views.camera.zoom, finished)

    def _clicked(self, u: float, v: float) -> None:
        self.desk.drafting.click(u, v, self._zoom())
        if self.desk.session.tool == "fill":
            self.desk.painting.fill(u, v)

    def _zoom(self) -> float:
        camera = self.views.camera
        return 1.0 if camera is None else camera.zoom

    def _show_draft(self) -> None:
        drafting, reshaping = self.desk.drafting, self.desk.reshaping
        if len(reshaping.outline):
            self.views.show_draft(reshaping.outline, reshaping.handles, True, reshaping.chosen)
        else:
            self.views.show_draft(drafting.points, drafting.points, False)
        self._refresh_actions()

    def _go_to(self, u: float, v: float) -> None:
        camera = self.views.camera
        self.views.go_to(u, v, None if camera is None else max(camera.zoom, NEAR_ZOOM))

    def _camera_changed(self, camera: Camera | None) -> None:
        self.status_line.show_zoom(float("nan") if camera is None else camera.zoom)

    def _workspace_changed(self) -> None:
        self._show_middle()
        self.setWindowTitle(f"{self._project_name()} · SemiView" if self.desk.session.workspace else "SemiView")
        if self.desk.session.workspace is not None:
            self.projects.opened(self.desk.session.workspace.project.folder)

    def _project_name(self) -> str:
        workspace = self.desk.session.workspace
        return "" if workspace is None else workspace.project.folder.name

    def _show_middle(self) -> None:
        if self.desk.session.case is not None:
            self.middle.setCurrentWidget(self.views)
            return
        self.middle.setCurrentWidget(self.message)
        if self.desk.session.workspace is None:
            self.message.say(
                "Open a project",
                "A folder with a cases.csv, or one with SEM images and designs of the same names. "
                "Images, a layout and a list of sites become one with New project. Or drop any of them here.",
                self.actions_["app.open"],
                self.actions_["app.new"],
                self.actions_["app.example"],
            )
        else:
            self.message.say("Choose a case", "Click a case in the list on the left; D and A go on and back.")

    def _case_failed(self, case_id: str, sentence: str) -> None:
        self.message.say(f"{case_id} cannot be opened", f"{sentence}\n\nThe other cases can be worked on.")
        self.middle.setCurrentWidget(self.message)
        self.desk.session.said.emit(f"{case_id} cannot be opened.")

    def _project_failed(self, sentence: str) -> None:
        self.message.say("The project cannot be opened", sentence, self.actions_["app.open"])
        self.middle.setCurrentWidget(self.message)

    def _choose_export(self) -> None:
        name = f"{self._project_name()}.html"
        path, kind = QFileDialog.getSaveFileName(self, "Export", str(self._beside_project() / name), ";;".join(KINDS))
        if path:
            self.desk.export(Path(path), kind)

    def _choose_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Folder for the tables", str(self._beside_project()))
        if folder:
            self.desk.export(Path(folder))

    def _beside_project(self) -> Path:
        workspace = self.desk.session.workspace
        return Path.home() if workspace is None else workspace.project.folder

    def _show_settings(self) -> None:
        checks = (self.actions_["app.predict_always"], self.actions_["view.still"])
        dialog = SettingsDialog(
            self._settings, self.desk.reviewing.reviewer, self._theme(), self.actions_["app.shortcuts"], checks, self
        )
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.reviewer_changed.connect(self._reviewer_changed)
        dialog.theme_changed.connect(self.set_theme)
        dialog.autosave_changed.connect(self.desk.keeping.set_delay)
        dialog.show()

    def _show_guide(self) -> None:
        guide = Guide(self)
        guide.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        guide.show()

    def _reviewer_changed(self, name: str) -> None:
        self.desk.reviewing.reviewer = name
        self._settings.setValue("reviewer", name)
        self._refresh_actions()

    def _change_keys(self) -> None:
        editor = ShortcutEditor(self.actions_.keys, self.desk.session.view.mouse, self)
        editor.changed.connect(self._keys_changed)
        editor.mouse_changed.connect(self._mouse_changed)
        editor.show()

    def _keys_changed(self, keys: KeyMap) -> None:
        keys.write(self._settings)
        self.actions_.set_keys(keys)

    def _mouse_changed(self, name: str) -> None:
        mouse: MousePreset = next((preset for preset in MOUSE_PRESETS if preset == name), "semiview")
        self.desk.session.set_view(replace(self.desk.session.view, mouse=mouse))

    def _close_anyway(self, sentences: list[str]) -> bool:
        box = QMessageBox(self)
        box.setIcon(QMessageBox.Icon.Warning)
        box.setWindowTitle("Not saved")
        box.setText("Some of your work is not on the disk.")
        box.setInformativeText("\n".join(sentences))
        stay = box.addButton("Stay", QMessageBox.ButtonRole.RejectRole)
        box.addButton("Close and lose it", QMessageBox.ButtonRole.DestructiveRole)
        box.setDefaultButton(stay)
        box.exec()
        return box.clickedButton() is not stay

    def _theme(self) -> Choice:
        wanted = self._settings.value("theme", "system")
        return next((choice for choice in self._themes if choice == wanted), "system")

    def _scheme_changed(self) -> None:
        if self._theme() == "system":
            self.set_theme("system")

    def _restore(self) -> None:
        self.desk.session.set_view(from_json(str(self._settings.value("view", "{}"))))
        self.opacity.setValue(round(100 * self.desk.session.view.opacity))
        self.case_list.restore(self._settings)
        geometry, docks = self._settings.value("geometry"), self._settings.value("docks")
        if isinstance(geometry, QByteArray) and isinstance(docks, QByteArray):
            self.restoreGeometry(geometry)
            self.restoreState(docks)
        else:
            screen = QGuiApplication.primaryScreen().availableSize()
            wanted = QSize(1600, 1000)
            self.resize(wanted.boundedTo(screen))
            if wanted.boundedTo(screen) != wanted:
                # A window of the screen's size would have its status line below the edge, by the height of its title.
                self.setWindowState(Qt.WindowState.WindowMaximized)
            self.docks["work"].hide()
            self._arrange()
