"""Tells tenants what happens in their trips: webhooks to the endpoints they have named."""
