"""The draws of labelled images, in a file."""

import numpy as np
from kedro_datasets.json import JSONDataset

from autoencoder_lab.images.samples import LabelDraw, LabelDraws


class LabelDrawsDataset(JSONDataset):  # type: ignore[misc]  # it has no types
    """Draws of labelled images as JSON."""

    def load(self) -> LabelDraws:
        content = super().load()
        draws = (
            LabelDraw(draw["number"], np.array(draw["images"], np.intp), draw["seed"])
            for draw in content["draws"]
        )
        return LabelDraws(tuple(content["budgets"]), tuple(draws))

    def save(self, data: LabelDraws) -> None:
        draws = [
            {"number": draw.number, "seed": draw.seed, "images": draw.images.tolist()}
            for draw in data.draws
        ]
        super().save({"budgets": data.budgets, "draws": draws})
