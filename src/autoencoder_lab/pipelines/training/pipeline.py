"""Training: the same nodes for every variant, in a namespace of the variant's name."""

from kedro.pipeline import Node, Pipeline

from autoencoder_lab.parameters import Capability

from .nodes import Trained, draw_losses, train_autoencoder


def create_pipeline(variant: str, capabilities: frozenset[Capability]) -> Pipeline:
    """Return the training of one variant: images to `<variant>.model`."""
    trained = [name for name in Trained.__annotations__ if name != "log_variance"]
    if "posterior" in capabilities:
        trained.append("log_variance")
    return Pipeline(
        [
            Node(
                train_autoencoder,
                inputs=["train_images", "validation_images", "params:variant", "params:seed"],
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
        inputs={"train_images", "validation_images"},
        parameters={"params:variant": f"params:{variant}", "params:seed": "params:seed"},
    )
