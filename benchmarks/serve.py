"""The server process: one peer's application for one case, under uvicorn, on an inherited socket.

Runs in the peer's own environment, so it imports nothing that LangServe's environment lacks.
"""

import argparse
import os
import socket

import uvicorn

from benchmarks.cases import CASES, Case
from benchmarks.peers import PEERS, Peer


def configure(peer: Peer, case: Case) -> uvicorn.Config:
    """Make the configuration that all peers share, with the peer's application in it."""
    return uvicorn.Config(
        peer.create(case.mounts()),
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
        proxy_headers=False,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("peer", choices=PEERS)
    parser.add_argument("case", choices=CASES)
    parser.add_argument("descriptor", type=int, help="of the listening socket")
    parser.add_argument("--core", type=int, help="run on this core only")
    arguments = parser.parse_args()
    if arguments.core is not None:
        os.sched_setaffinity(0, {arguments.core})
    config = configure(PEERS[arguments.peer], CASES[arguments.case])
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=arguments.descriptor)])


if __name__ == "__main__":
    main()
