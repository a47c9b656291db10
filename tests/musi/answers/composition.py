"""Short composition has many right answers: its families are judged in `tests/musi/test_composition.py`."""

ANSWERS = {}
KNOWN = []
