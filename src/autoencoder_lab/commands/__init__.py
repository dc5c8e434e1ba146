"""The commands beside `kedro run`: `study`, `replay`, `doctor`."""
