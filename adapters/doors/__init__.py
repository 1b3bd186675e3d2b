"""What the doors keep and ask for: issuers' tokens, tenants, limits."""
