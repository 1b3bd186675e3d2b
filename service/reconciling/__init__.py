"""Comparing the log with the payment provider and the suppliers, and putting right what is sure."""
