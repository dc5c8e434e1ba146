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
