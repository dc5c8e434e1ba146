"""A cell is data set, variant and seed: the files of a result, and what they were made from."""

from .fits import KeepFits
from .hooks import Cells, KeepCells, PlanCells
from .shared import ShareResults

__all__ = ["Cells", "KeepCells", "KeepFits", "PlanCells", "ShareResults"]
