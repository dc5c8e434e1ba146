"""The runs of a session: whose they are, how they begin and end, and where tracking is lost."""
