"""Tenants' own webhook endpoints over HTTP."""
