import pandas as pd
import pytest
from kedro.io import DataCatalog, MemoryDataset

from autoencoder_lab.tracking import LogOutputs, RunTree


def test_an_instruction_that_is_not_understood_is_an_error() -> None:
    catalog = DataCatalog({"figure": MemoryDataset(metadata={"mlflow": {"log": "artefact"}})})
    hook = LogOutputs(RunTree())
    hook.before_pipeline_run(catalog=catalog)

    with pytest.raises(ValueError, match=r"metadata\.mlflow of figure is .*artefact"):
        hook.after_dataset_saved(dataset_name="figure", data=None)


def test_an_entry_without_instructions_is_not_logged() -> None:
    catalog = DataCatalog({"images": MemoryDataset()})
    hook = LogOutputs(RunTree())
    hook.before_pipeline_run(catalog=catalog)

    hook.after_dataset_saved(dataset_name="images", data=None)  # there is no run to log to


def test_a_step_that_a_table_has_twice_is_an_error() -> None:
    table = pd.DataFrame({"labels": [100, 300, 100], "pretraining/scratch": [0.7, 0.8, 0.6]})
    catalog = DataCatalog({"scores": MemoryDataset(metadata={"mlflow": {"log": "step_metrics"}})})
    hook = LogOutputs(RunTree())
    hook.before_pipeline_run(catalog=catalog)

    with pytest.raises(ValueError, match=r"by labels has more than one row for \[100\]"):
        hook.after_dataset_saved(dataset_name="scores", data=table)
