"""Images as arrays: where they come from, which are shown, how they are corrupted, and seeds."""
