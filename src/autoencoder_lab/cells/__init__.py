"""A cell is data set, variant and seed: the files of a result, and what they were made from."""

from .hooks import Cells, KeepCells, PlanCells
from .shared import ShareResults

__all__ = ["Cells", "KeepCells", "PlanCells", "ShareResults"]
