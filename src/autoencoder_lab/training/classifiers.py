"""Fitting a classifier on top of an encoder, with few labels."""

import keras
from keras import layers

from autoencoder_lab import seeds
from autoencoder_lab.arrays import PREDICTED_AT_ONCE, Images, Labels
from autoencoder_lab.parameters import PretrainingParams
from autoencoder_lab.training.batches import shuffled_batches


def fit_classifier(
    encoder: keras.Model,
    images: Images,
    labels: Labels,
    params: PretrainingParams,
    *,
    n_classes: int,
    seed: int,
) -> keras.Model:
    """Return a softmax classifier on an encoder, fitted for a fixed number of steps.

    The encoder is fitted too, in place, unless its `trainable` is false. Labels are from 0 to
    `n_classes` - 1.
    """
    head_seed, shuffle_seed = seeds.derive(seed, "classifier", 2)
    classifier = keras.Sequential(
        [
            encoder,
            layers.Flatten(),
            layers.Dense(
                n_classes,
                "softmax",
                kernel_initializer=keras.initializers.GlorotUniform(head_seed),
            ),
        ]
    )
    classifier.compile(
        optimizer=keras.optimizers.Nadam(params.learning_rate),
        loss="sparse_categorical_crossentropy",
        steps_per_execution=min(50, params.steps),
    )
    batch_size = min(params.batch_size, len(images))
    batches = shuffled_batches(images, labels, batch_size=batch_size, seed=shuffle_seed)
    classifier.fit(batches.repeat(), steps_per_epoch=params.steps, shuffle=False, verbose=0)
    return classifier


def accuracy(classifier: keras.Model, images: Images, labels: Labels, *, classes: Labels) -> float:
    """Return the share of images whose most likely class is their label, in [0, 1].

    Args:
        classes: The label that each output of the classifier stands for.
    """
    predicted = classifier.predict(images, batch_size=PREDICTED_AT_ONCE, verbose=0).argmax(axis=1)
    return float((classes[predicted] == labels).mean())
