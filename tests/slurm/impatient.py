# SPDX-License-Identifier: Apache-2.0
"""snakemake that asks Slurm every two seconds what became of its jobs.

Its own pauses grow by ten seconds each time nothing has ended, which is right for jobs of hours.
"""

from __future__ import annotations

import asyncio

from snakemake.cli import main
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor


async def sleep(executor: RemoteExecutor) -> None:
    """Wait between two looks."""
    await asyncio.sleep(2)


if __name__ == "__main__":
    RemoteExecutor.sleep = sleep
    main()
