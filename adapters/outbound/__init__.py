"""What is told to tenants: their endpoints, what is on its way to each, and how it is sent."""
