"""One trip at the command line."""
