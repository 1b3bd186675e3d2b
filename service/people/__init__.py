"""People: sealed when they come in, opened for who must see them, forgotten when they ask."""
