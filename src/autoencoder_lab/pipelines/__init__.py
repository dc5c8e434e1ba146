"""The stages, a folder each: pure functions in `nodes.py`, their wiring in `pipeline.py`."""
