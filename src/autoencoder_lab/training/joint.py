"""Autoencoders whose layers learn together to reconstruct images."""

import keras

from autoencoder_lab.parameters import TrainingParams

from .objectives import reconstruction
from .optimizers import player
from .players import Game, Player, Wrap


def game(encoder: keras.Sequential, decoder: keras.Sequential, params: TrainingParams) -> Game:
    """Return the game of one player, who learns to reconstruct."""
    model = keras.Sequential([encoder, decoder])

    def players(wrap: Wrap) -> list[Player]:
        objective = reconstruction(wrap(encoder), wrap(decoder), params)
        return [player(objective, model.trainable_variables, params)]

    return Game(model, players)
