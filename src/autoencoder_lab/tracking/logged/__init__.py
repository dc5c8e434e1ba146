"""What a session leaves in its runs, in the registry and on the terminal: one hook class a job."""
