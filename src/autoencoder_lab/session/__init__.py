"""A Kedro session: how it starts, checks its input, runs its nodes and ends."""
