"""What operators do: look again, act with a reason, and see beforehand what would come of it."""
