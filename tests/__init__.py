"""What the project promises, tried."""

import sys

# Where it is installed, jsonschema builds a grammar of international addresses with it whenever it
# is imported: seconds of every process, for a format that nothing here has.
sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]
