"""The questions people ask of the log: each file one read model, a pure fold, rebuildable."""
