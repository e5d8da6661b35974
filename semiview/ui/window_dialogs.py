"""The dialogs of the window."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, QSettings, Qt
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from semiview.ui.backing_up import NO_PROJECT, BackingUp
from semiview.ui.backup_dialog import BackupDialog
from semiview.ui.command_palette import CommandPalette
from semiview.ui.desk import Desk
from semiview.ui.exporting import KINDS
from semiview.ui.guide import Guide
from semiview.ui.key_map import KeyMap
from semiview.ui.key_sheet import KeySheet
from semiview.ui.settings_dialog import SettingsDialog
from semiview.ui.shortcut_editor import ShortcutEditor
from semiview.ui.theme import Choice
from semiview.ui.view_settings import MOUSE_PRESETS, MousePreset
from semiview.ui.window_actions import Actions, Binding


class WindowDialogs(QObject):
    """Opens them over the window, and does what they answer.

    Parameters
    ----------
    actions
        The window's actions; asked when a dialog opens, for some of them open one.
    theme
        The colours as they are chosen now.
    set_theme
        Takes others.
    """

    def __init__(
        self,
        desk: Desk,
        settings: QSettings,
        actions: Callable[[], Actions],
        theme: Callable[[], Choice],
        set_theme: Callable[[Choice], None],
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._desk, self._settings, self._window = desk, settings, window
        self._actions, self._theme, self._set_theme = actions, theme, set_theme
        self.backing_up = BackingUp(desk.session, desk.errands, settings, self)
        self.backing_up.restored.connect(desk.company.look)
        desk.closing.connect(self.backing_up.stop)

    def bindings(self) -> dict[str, Binding]:
        """The actions that open a dialog."""
        exporting = self._desk.exporting
        return {
            "app.export": Binding(self._choose_export, exporting.why_not_start),
            "app.export_tables": Binding(self._choose_folder, exporting.why_not_start),
            "app.guide": Binding(self._show_guide),
            "app.settings": Binding(self._show_settings),
            "app.backups": Binding(self._show_backups, self._why_no_backups),
            "app.palette": Binding(self._show_palette),
            "app.keys": Binding(self._show_keys),
            "app.shortcuts": Binding(self._change_keys),
        }

    def close_anyway(self, sentences: list[str]) -> bool:
        """Whether a person wants to lose what could not be written."""
        box = QMessageBox(self._window)
        box.setIcon(QMessageBox.Icon.Warning)
        box.setWindowTitle("Not saved")
        box.setText("Some of your work is not on the disk.")
        box.setInformativeText("\n".join(sentences))
        stay = box.addButton("Stay", QMessageBox.ButtonRole.RejectRole)
        box.addButton("Close and lose it", QMessageBox.ButtonRole.DestructiveRole)
        box.setDefaultButton(stay)
        box.exec()
        stays = box.clickedButton() is stay
        box.deleteLater()
        return not stays

    def _choose_export(self) -> None:
        folder = self._folder()
        path, kind = QFileDialog.getSaveFileName(
            self._window, "Export", str(folder / f"{folder.name}.html"), ";;".join(KINDS)
        )
        if path:
            self._desk.export(Path(path), kind)

    def _choose_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self._window, "Folder for the tables", str(self._folder()))
        if folder:
            self._desk.export(Path(folder))

    def _folder(self) -> Path:
        workspace = self._desk.session.workspace
        return Path.home() if workspace is None else workspace.project.folder

    def _show_guide(self) -> None:
        guide = Guide(self._window)
        guide.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        guide.show()

    def _show_palette(self) -> None:
        CommandPalette(self._actions(), self._window).show()

    def _show_keys(self) -> None:
        KeySheet(self._actions().keys, self._desk.session.tool, self._window).show()

    def _show_settings(self) -> None:
        actions = self._actions()
        checks = (actions["app.predict_always"], actions["view.still"])
        dialog = SettingsDialog(
            self._settings,
            self._desk.reviewing.reviewer,
            self._theme(),
            actions["app.shortcuts"],
            checks,
            self._window,
        )
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.reviewer_changed.connect(self._reviewer_changed)
        dialog.theme_changed.connect(self._set_theme)
        dialog.autosave_changed.connect(self._desk.keeping.set_delay)
        dialog.show()

    def _show_backups(self) -> None:
        dialog = BackupDialog(self.backing_up, self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.show()

    def _why_no_backups(self) -> str | None:
        return None if self.backing_up.store is not None else NO_PROJECT

    def _reviewer_changed(self, name: str) -> None:
        self._desk.reviewing.reviewer = name
        self._settings.setValue("reviewer", name)
        self._actions().refresh()

    def _change_keys(self) -> None:
        editor = ShortcutEditor(self._actions().keys, self._desk.session.view.mouse, self._window)
        editor.changed.connect(self._keys_changed)
        editor.mouse_changed.connect(self._mouse_changed)
        editor.show()

    def _keys_changed(self, keys: KeyMap) -> None:
        keys.write(self._settings)
        self._actions().set_keys(keys)

    def _mouse_changed(self, name: str) -> None:
        mouse: MousePreset = next((preset for preset in MOUSE_PRESETS if preset == name), "semiview")
        self._desk.session.set_view(replace(self._desk.session.view, mouse=mouse))
