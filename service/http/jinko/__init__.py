"""Jinko's REST contract, answered by this service: one call that builds a trip, one that opens its
checkout, one that reads it."""
