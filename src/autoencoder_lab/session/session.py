"""A Kedro session for experiments: which runner it uses, and how it ends."""

from typing import Any

from kedro.framework.session import KedroSession
from kedro.io import DataCatalog
from kedro.pipeline import Pipeline
from kedro.runner import AbstractRunner, SequentialRunner, ThreadRunner

from .runner import VariantRunner, VariantSpecs
from .signals import signals_raise
from .threads import one_thread_a_sum


class ExperimentSession(KedroSession):
    """Runs variant by variant, and lets hooks know also where it is interrupted."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._hook_manager.add_hookspecs(VariantSpecs)

    def run(  # type: ignore[override]
        self, *, runner: AbstractRunner | None = None, **options: Any
    ) -> dict[str, Any]:
        """Run as `KedroSession.run` does; Kedro's sequential and thread runner give way to ours."""
        with signals_raise(), one_thread_a_sum():
            try:
                return super().run(runner=_by_variant(runner), **options)
            except (KeyboardInterrupt, SystemExit) as interruption:
                # Kedro tells hooks of exceptions alone.
                self._hook_manager.hook.on_pipeline_error(
                    error=interruption, run_params={}, pipeline=Pipeline([]), catalog=DataCatalog()
                )
                raise


def _by_variant(runner: AbstractRunner | None) -> AbstractRunner | None:
    if runner is None:
        return VariantRunner()
    if type(runner) is SequentialRunner:  # not a runner of the user's own
        return VariantRunner(is_async=runner._is_async)
    if type(runner) is ThreadRunner:
        return VariantRunner(runner._max_workers, n_variants=runner._max_workers)
    return runner
