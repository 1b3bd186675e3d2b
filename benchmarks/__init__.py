"""How fast the log and its read models are, always beside others in the same run."""
