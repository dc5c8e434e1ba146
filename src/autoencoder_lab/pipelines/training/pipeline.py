"""Training: the same nodes for every variant, in a namespace of the variant's name."""

from kedro.pipeline import Node, Pipeline

from autoencoder_lab.parameters import Capability

from .nodes import Trained, draw_losses, train_autoencoder, train_with_labels

IMAGES = ["train_images", "validation_images"]
LABELS = ["train_labels", "validation_labels", "label_draws"]
FIT = {"variant": "params:variant", "seed": "params:seed"}


def create_pipeline(variant: str, capabilities: frozenset[Capability]) -> Pipeline:
    """Return the training of one variant: images to `<variant>.model`."""
    trained = [name for name in Trained.__annotations__ if name != "log_variance"]
    if "posterior" in capabilities:
        trained.append("log_variance")
    uses_labels = "labels" in capabilities
    given = IMAGES + LABELS if uses_labels else IMAGES
    return Pipeline(
        [
            Node(
                train_with_labels if uses_labels else train_autoencoder,
                inputs={name: name for name in given} | FIT,
                outputs={name: name for name in trained},
                name="train_autoencoder",
            ),
            Node(
                draw_losses,
                inputs=["training_history", "params:variant"],
                outputs="losses_figure",
                name="draw_losses",
            ),
        ],
        namespace=variant,
        inputs=set(given),
        parameters={"params:variant": f"params:{variant}", "params:seed": "params:seed"},
    )
