"""`tripledger vault …`: the keys that personal data is sealed with."""

from __future__ import annotations

import asyncio

from cyclopts import App

from adapters.vault import MasterKeyMissing
from service.cli.opening import book_in, cause, database
from service.cli.output import FAILED, OK, people, print_json, stop
from service.cli.progress import progress_to
from service.people.key_files import vault_of
from service.settings import Settings

app = App(name="vault", help="Keys of personal data: rewrap.")


@app.command
def rewrap(*, json: bool = False) -> int:
    """Wrap every person's key by the first master key of the file, so that the others can go.

    The service may go on working. Stopped in the middle, the command goes on where it was.
    """

    async def work() -> tuple[str, int]:
        async with database() as opened:
            vault = vault_of(Settings.load(), opened)
            await book_in(opened).write("wrapped all personal keys anew", cause(), tenant="")
            done = 0
            with progress_to(await vault.to_rewrap(), "Wrapping keys anew") as tell:
                async for done in vault.rewrap():
                    tell(done)
            return vault.master.current_id, done

    try:
        key_id, rewrapped = asyncio.run(work())
    except MasterKeyMissing as error:
        stop(FAILED, f"Some keys are wrapped by the master key {error}, which is not in the file.")
    if json:
        print_json({"master_key_id": key_id, "rewrapped": rewrapped})
    else:
        people.print(f"{rewrapped} keys are wrapped anew; only master key {key_id} is needed now.")
    return OK
