"""
The simulated TWS as a process of its own, so that its work is not counted as ours.

`python -m bench.gateway <port>`
"""

import asyncio
import sys

from simulator.tws.exchange import Exchange
from simulator.tws.scan_document import parameters
from simulator.tws.server import TwsServer


async def serve(port: int) -> None:
    """Serve until killed."""
    # What is made once is made before anybody asks.
    parameters()
    server = TwsServer(Exchange(walk=False), port=port)
    await server.start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
