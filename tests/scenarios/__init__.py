"""The whole service over HTTP, told as stories; the audit's assertions say what they compared."""

import pytest

pytest.register_assert_rewrite("tests.scenarios.audit")
