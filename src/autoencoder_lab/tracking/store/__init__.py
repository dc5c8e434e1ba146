"""The store in which the runs are: its configuration, opening it, the view of its pages."""
