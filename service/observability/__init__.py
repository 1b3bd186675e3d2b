"""How the running service is seen from outside: metrics, and traces where they are wanted."""
