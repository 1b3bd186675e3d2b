"""Finds where two versions of one table's rows are not the same."""

from __future__ import annotations


def first_difference(table: str, key: tuple[str, ...], *columns: str) -> str:
    """A statement that answers the first row that is not the same in versions $1 and $2: its key,
    and the names of the columns that differ."""
    keys = ", ".join(key)
    differing = ", ".join(
        f"CASE WHEN a.{column} IS DISTINCT FROM b.{column} THEN '{column}' END"
        for column in columns
    )
    one, other = (", ".join(f"{side}.{column}" for column in columns) for side in "ab")
    return f"""
        SELECT concat_ws(' ', {keys}) AS key, array_remove(ARRAY[{differing}], NULL) AS differ
        FROM (SELECT * FROM {table} WHERE version = $1) AS a
        FULL JOIN (SELECT * FROM {table} WHERE version = $2) AS b USING ({keys})
        WHERE ({one}) IS DISTINCT FROM ({other})
        ORDER BY {keys} LIMIT 1
    """
