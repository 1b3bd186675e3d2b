"""The traveller's pages: rendered on the server from the log, readable without JavaScript."""
