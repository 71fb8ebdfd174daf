"""What a peer's process can only measure of itself; run by ``startup`` in the peer's environment.

``registration PEER`` prints the milliseconds that it takes to register one runnable of many,
``libraries PEER`` the names of the foreign modules that a server of the peer has loaded when it is
ready, in the order of loading.
"""

import argparse
import sys
import time
from collections.abc import Iterator

from benchmarks.cases import CASES, MANY, many, one
from benchmarks.peers import PEERS, Peer
from benchmarks.serve import configure

OURS = {"__main__", "__mp_main__", "benchmarks", "langserve", "moorage"}


def registration(peer: Peer) -> Iterator[float]:
    peer.create(one())  # what is loaded or built once is not the price of a runnable
    mounts = many()
    started = time.perf_counter()
    peer.create({})
    empty = time.perf_counter()
    peer.create(mounts)
    full = time.perf_counter()
    yield ((full - empty) - (empty - started)) / MANY * 1000


def libraries(peer: Peer) -> Iterator[str]:
    config = configure(peer, CASES["lambda"])
    config.load()
    config.get_loop_factory()
    for module in sys.modules:
        package = module.partition(".")[0]
        if package not in OURS and package not in sys.stdlib_module_names:
            yield module


PROBES = {"registration": registration, "libraries": libraries}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("probe", choices=PROBES)
    parser.add_argument("peer", choices=PEERS)
    arguments = parser.parse_args()
    print(*PROBES[arguments.probe](PEERS[arguments.peer]), sep="\n")


if __name__ == "__main__":
    main()
