import os

# Windows open nowhere unless somebody wants to watch: QT_QPA_PLATFORM=xcb python -m pytest tests/e2e
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
