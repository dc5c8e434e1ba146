"""Copying registered models, where the server has none of that name."""

from collections.abc import Sequence

from mlflow.entities import LoggedModel
from mlflow.entities.model_registry import ModelVersion, RegisteredModel
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import PERMISSION_DENIED, ErrorCode

from autoencoder_lab.tracking.results.champion import MODELS, find_registered_model
from autoencoder_lab.tracking.runs.search import all_pages

from .copies import UPLOADED_BY, UPLOADED_FROM, Links, Place, who


def copy_registered_models(here: Place, there: Place, links: Links) -> list[str]:
    """Copy versions of which the runs are there, and aliases; return what was left, in sentences.

    Of a model that is registered there already, nothing is changed.
    """
    left = []
    for model in all_pages(lambda token: here.client.search_registered_models(page_token=token)):
        found = here.client.search_model_versions(f"name = '{model.name}'")
        versions = sorted(
            (version for version in found if version.run_id in links.runs),
            key=lambda version: int(version.version),
        )
        if not versions:
            continue
        registered = find_registered_model(there.client, model.name)
        if registered is None or _is_begun(registered, versions):
            try:
                _copy(there, model, versions, links)
            except MlflowException as error:
                if error.error_code != ErrorCode.Name(PERMISSION_DENIED):
                    raise
                left.append(f"{model.name} is not yours to register there: {_named(versions)}")
        elif lacking := _lacking(there, versions, links):
            left.append(f"{model.name} is registered there already: {_named(lacking)}")
    return left


def _is_begun(registered: RegisteredModel, versions: Sequence[ModelVersion]) -> bool:
    """Whether an upload from here has begun a registered model, and was interrupted."""
    is_from_here = registered.tags.get(UPLOADED_FROM) == versions[0].run_id
    return is_from_here and UPLOADED_BY not in registered.tags


def _copy(
    there: Place,
    model: RegisteredModel,
    versions: Sequence[ModelVersion],
    links: Links,
) -> None:
    client = there.client
    if find_registered_model(client, model.name) is None:
        tags = {**model.tags, UPLOADED_FROM: versions[0].run_id}
        client.create_registered_model(model.name, tags, model.description)
    numbers = {
        version.tags.get(UPLOADED_FROM): str(version.version)
        for version in client.search_model_versions(f"name = '{model.name}'")
    }
    for version in versions:
        number = str(version.version)
        if number not in numbers and (copied := _find_model(there, version, links)):
            made = client.create_model_version(
                model.name,
                source=f"{MODELS}{copied.model_id}",
                run_id=copied.source_run_id,
                model_id=copied.model_id,
                tags=links.renew_all(version.tags) | {UPLOADED_FROM: number},
                description=version.description,
            )
            numbers[number] = str(made.version)
    for alias, number in model.aliases.items():
        if str(number) in numbers:
            client.set_registered_model_alias(model.name, alias, numbers[str(number)])
    client.set_registered_model_tag(model.name, UPLOADED_BY, who())


def _find_model(there: Place, version: ModelVersion, links: Links) -> LoggedModel | None:
    """Return the copy of a version's model, unless its run holds none."""
    outputs = there.client.get_run(links.runs[str(version.run_id)]).outputs
    models = [
        there.client.get_logged_model(output.model_id)
        for output in (outputs.model_outputs if outputs else [])
    ]
    original = str(version.source).removeprefix(MODELS)
    copies = [model for model in models if model.tags.get(UPLOADED_FROM) == original]
    return copies[0] if copies else None


def _lacking(there: Place, versions: Sequence[ModelVersion], links: Links) -> list[ModelVersion]:
    """Return the versions of which the server has registered no copy."""
    found = there.client.search_model_versions(f"name = '{versions[0].name}'")
    runs = {version.run_id for version in found}
    return [version for version in versions if links.runs[str(version.run_id)] not in runs]


def _named(versions: Sequence[ModelVersion]) -> str:
    numbers = ", ".join(str(version.version) for version in versions)
    return f"version{'s' * (len(versions) > 1)} {numbers} of here not copied"
