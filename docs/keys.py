"""Write docs/keys.md from the table of actions.

python docs/keys.py            write it
python docs/keys.py --check    exit with 1 if it is not what the table says
"""

import sys
from pathlib import Path

from semiview.ui.actions.spec import SCOPE_TITLES
from semiview.ui.actions.table import GESTURES, TABLE
from semiview.ui.view_settings import MOUSE_PRESETS

PAGE = Path(__file__).parent / "keys.md"
HEAD = """# Keys and mouse

Every key can be changed under Help, Change keys. F1 or ? shows the keys that act with the tool in hand, Ctrl+Shift+P
finds a command by some letters of its name and says its key. While a text or number field has the focus, letters belong
to it. Single keys are chosen so that they exist on US, German and French keyboards; on a French one the digits are
typed with Shift, as always.
"""


def page() -> str:
    """The page as Markdown."""
    parts = [HEAD]
    for scope, title in SCOPE_TITLES.items():
        rows = [(" or ".join(spec.keys), spec.text, spec.tip) for spec in TABLE if spec.scope == scope and spec.keys]
        rows += [(gesture.gesture, gesture.text, "") for gesture in GESTURES if gesture.scope == scope]
        without = [spec.text.rstrip("…") for spec in TABLE if spec.scope == scope and not spec.keys]
        parts.append(f"## {title}\n")
        if rows:
            parts.append("| key or gesture | does | |\n|---|---|---|")
            parts.append("\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in rows) + "\n")
        if without:
            parts.append(f"Without a key: {', '.join(without)}.\n")
    parts.append("## Mouse presets\n")
    parts.append("\n".join(f"- {title}: {words}" for title, words in MOUSE_PRESETS.values()))
    return "\n".join(parts) + "\n"


def main() -> None:
    """Write or check the page."""
    if "--check" in sys.argv[1:]:
        sys.exit(0 if PAGE.is_file() and PAGE.read_text("utf-8") == page() else f"{PAGE} is old: run docs/keys.py")
    PAGE.write_text(page(), "utf-8")


if __name__ == "__main__":
    main()
