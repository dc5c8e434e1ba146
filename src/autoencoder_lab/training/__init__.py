"""Fitting: autoencoders on images, classifiers on few labels. Nothing here knows Kedro."""
