"""What finished runs hold, read back."""
