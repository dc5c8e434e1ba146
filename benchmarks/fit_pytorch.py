"""One fit with PyTorch, in an environment of its own: `fit_pytorch MODEL IMAGES.npy`.

The same layers, loss, optimizer and batches as `fit_keras`, in the loop that PyTorch's tutorials
write; prints the same JSON.
"""

import json
import sys
import time

import numpy as np
import torch
from torch import nn

from .memory import Memory

N_EPOCHS = 4
N_VALIDATION = 1000
BATCH_SIZE = 32


def stacked() -> nn.Module:
    """Return the layers of conf/base/parameters/stacked.yml."""
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(784, 100),
        nn.SELU(),
        nn.Linear(100, 30),
        nn.SELU(),
        nn.Linear(30, 100),
        nn.SELU(),
        nn.Linear(100, 784),
        nn.Sigmoid(),
        nn.Unflatten(1, (1, 28, 28)),
    )


def convolutional() -> nn.Module:
    """Return the layers of conf/base/parameters/convolutional.yml."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding="same"),
        nn.SELU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding="same"),
        nn.SELU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding="same"),
        nn.SELU(),
        nn.MaxPool2d(2),
        nn.ConvTranspose2d(64, 32, 3, stride=2),
        nn.SELU(),
        nn.ConvTranspose2d(32, 16, 3, stride=2, padding=1, output_padding=1),
        nn.SELU(),
        nn.ConvTranspose2d(16, 1, 3, stride=2, padding=1, output_padding=1),
        nn.Sigmoid(),
    )


def main(name: str, file: str) -> dict[str, object]:
    """Return what a fit took, and where it came to."""
    memory = Memory()
    memory.start()
    torch.manual_seed(0)
    model, learning_rate = {"stacked": (stacked(), 1.5), "convolutional": (convolutional(), 1.0)}[
        name
    ]
    images = torch.from_numpy(np.load(file) / np.float32(255)).permute(0, 3, 1, 2).contiguous()
    optimizer = torch.optim.SGD(model.parameters(), lr=learning_rate)
    loss_of = nn.BCELoss()
    seconds = []
    for _ in range(N_EPOCHS):
        started = time.perf_counter()
        for indices in torch.randperm(len(images)).split(BATCH_SIZE):
            batch = images[indices]
            optimizer.zero_grad()
            loss_of(model(batch), batch).backward()
            optimizer.step()
        seconds.append(time.perf_counter() - started)
    with torch.no_grad():
        loss = loss_of(model(images[:N_VALIDATION]), images[:N_VALIDATION]).item()
    return {
        "seconds": seconds[1:],
        "loss": loss,
        "megabytes": memory.most,
    }


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
