"""The results of variants beside each other: ranks, repetitions, champions, the report."""
