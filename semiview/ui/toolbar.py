"""The toolbar: tools, the compare mode and the opacity of the overlays."""

from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QSlider, QToolBar, QToolButton, QWidget

from semiview.ui.actions.spec import native
from semiview.ui.actions.table import TOOLBAR, TOOLS
from semiview.ui.compare_modes import COMPARE_MODES
from semiview.ui.session import Session
from semiview.ui.theme import icon
from semiview.ui.window_actions import Actions


class Toolbar(QToolBar):
    """Groups of actions; on its right what shows and hides the bottom panels."""

    def __init__(
        self, session: Session, actions: Actions, compare: QMenu, show_work: QAction, parent: QWidget | None = None
    ) -> None:
        super().__init__("Tools", parent)
        self._session, self._actions = session, actions
        self.setObjectName("toolbar")
        self.setMovable(False)
        for number, names in enumerate(TOOLBAR):
            if number:
                self.addSeparator()
            for name in names:
                self.addAction(actions[name])
        self.compare = QToolButton()
        self.compare.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.compare.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.compare.setMenu(compare)
        self.addWidget(self.compare)
        self.addSeparator()
        self.opacity = QSlider(Qt.Orientation.Horizontal)
        self.opacity.setRange(0, 100)
        self.opacity.setFixedWidth(80)
        self.opacity.setToolTip("How strongly all overlays are drawn")
        self.opacity.setAccessibleName("Opacity of all overlays")
        self.addWidget(self.opacity)
        group = QActionGroup(self)
        for tool in TOOLS:
            group.addAction(actions[f"tools.{tool}"])
        spacer = QWidget()
        spacer.setSizePolicy(spacer.sizePolicy().Policy.Expanding, spacer.sizePolicy().Policy.Preferred)
        self.addWidget(spacer)
        show_work.setToolTip("Show or hide training, history and log")
        self.addAction(show_work)
        for action in self.actions():
            button = self.widgetForAction(action)
            if isinstance(button, QToolButton):
                button.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # by Tab, never by a click
        self.opacity.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.show_keys()
        self.show_view()
        session.view_changed.connect(lambda _old, _new: self.show_view())
        actions.keys_changed.connect(self.show_keys)
        self.opacity.valueChanged.connect(self._take_opacity)

    def show_view(self) -> None:
        """The compare mode and the opacity as they are now."""
        view = self._session.view
        self.compare.setText(COMPARE_MODES[view.compare_mode].title)
        if round(100 * view.opacity) != self.opacity.value():
            self.opacity.setValue(round(100 * view.opacity))

    def show_keys(self) -> None:
        """The key of the compare mode in its tip."""
        keys = native(self._actions.keys.keys("compare.next"))
        self.compare.setToolTip(f"How the pictures are compared ({keys})" if keys else "How the pictures are compared")

    def refresh_icons(self) -> None:
        """Draw the icon in the colours of the palette as it is now."""
        self.compare.setIcon(icon("compare"))

    def _take_opacity(self, percent: int) -> None:
        if percent != round(100 * self._session.view.opacity):
            self._session.set_view(replace(self._session.view, opacity=percent / 100))
