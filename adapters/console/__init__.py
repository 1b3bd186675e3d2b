"""What the operators' console keeps for itself, and the lists it reads page by page."""
