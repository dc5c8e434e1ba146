"""What happens around a run, apart from tracking: one hook class a job."""

from .atomic_writes import AtomicWrites
from .fit_progress import ShowFits
from .input_check import CheckInput
from .tensorflow_setup import SetUpTensorflow

__all__ = ["AtomicWrites", "CheckInput", "SetUpTensorflow", "ShowFits"]
