"""The service's tools for agents, over MCP: the calls of Jinko's contract and the searches."""
