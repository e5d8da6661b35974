"""Pages that are made from the program say what it does now."""

import importlib.util
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"


def test_that_the_page_of_keys_is_what_the_table_says() -> None:
    spec = importlib.util.spec_from_file_location("keys", DOCS / "keys.py")
    assert spec is not None
    assert spec.loader is not None
    keys = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(keys)
    assert (DOCS / "keys.md").read_text("utf-8") == keys.page(), "run docs/keys.py"
