"""How long tests wait for what is to come: long enough on any machine, but not for ever."""

LONGEST_WAIT = 1800
"""In seconds. All variants on the small digits took 640 on two cores that four others shared."""
