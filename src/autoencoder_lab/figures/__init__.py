"""Functions from arrays to matplotlib figures, drawn without pyplot's global state."""
