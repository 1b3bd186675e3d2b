"""`/console`: where operators see what happened and why, and put things right."""
