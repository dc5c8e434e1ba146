"""What every parameter is and may be. How a wrong one is reported: problems.py. Light: Pydantic."""

from .experiment import (
    CorruptionParams,
    EvaluationParams,
    PretrainingParams,
    PromotionParams,
    SharedParams,
    VariantParams,
    experiment_model,
    flatten,
    run_parameters,
    variant_names,
)
from .feasibility import (
    find_infeasible,
    find_infeasible_budgets,
    find_infeasible_normal_class,
    find_infeasible_promotion,
)
from .ingest import SMALLEST_SIDE, IngestParams, ReadingParams
from .models import ConvolutionalParams, DenseParams, ModelParams, TiedParams
from .study import StudyParams
from .training import (
    GaussianNoiseParams,
    GreedyParams,
    JointParams,
    KlParams,
    L1Params,
    MaskNoiseParams,
    NoiseParams,
    NoNoiseParams,
    NoSparsityParams,
    SparsityParams,
    StrategyParams,
    TrainingParams,
)
from .types import Contradiction, Count, Params, Widths

__all__ = [
    "SMALLEST_SIDE",
    "Contradiction",
    "ConvolutionalParams",
    "CorruptionParams",
    "Count",
    "DenseParams",
    "EvaluationParams",
    "GaussianNoiseParams",
    "GreedyParams",
    "IngestParams",
    "JointParams",
    "KlParams",
    "L1Params",
    "MaskNoiseParams",
    "ModelParams",
    "NoNoiseParams",
    "NoSparsityParams",
    "NoiseParams",
    "Params",
    "PretrainingParams",
    "PromotionParams",
    "ReadingParams",
    "SharedParams",
    "SparsityParams",
    "StrategyParams",
    "StudyParams",
    "TiedParams",
    "TrainingParams",
    "VariantParams",
    "Widths",
    "experiment_model",
    "find_infeasible",
    "find_infeasible_budgets",
    "find_infeasible_normal_class",
    "find_infeasible_promotion",
    "flatten",
    "run_parameters",
    "variant_names",
]
