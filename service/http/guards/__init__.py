"""What stands between a request and its route: who may, how often, and what is never taken."""
