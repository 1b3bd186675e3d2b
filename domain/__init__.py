"""The rules of the business: pure functions over frozen values, knowing nothing of the outside."""
