"""Train, evaluate and compare autoencoders with Kedro and MLflow."""
