"""The same stores in memory, held to the same contract tests as those in Postgres: for the
simulation, where everything happens in one process and one order."""
