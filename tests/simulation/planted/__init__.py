"""Mistakes made on purpose, each by a wrong part in the composition, to see that they are found."""
