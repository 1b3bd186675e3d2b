"""`python -m service.cli` is `tripledger`."""

from service.cli import main

main()
