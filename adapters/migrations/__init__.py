"""The database's schema as numbered SQL files, applied once each and never changed afterwards."""
