"""Python's garbage collector, told what the memory of a server looks like.

What a server has imported and built stays; what a request makes is gone, nearly all of it, when the
request ends. With Python's defaults the collector walks the former again and again, and stops for
the latter several times a request: a tenth to a fifth of the time of a short one.
"""

import gc

YOUNG = 5_000
"""New objects after which the collector looks for garbage; beyond this there is little to gain."""

_DEFAULTS = frozenset({700, 2000})
"""What Python itself looks after, depending on its version."""

_settled = False


def spare() -> None:
    """Have the collector leave alone what exists now: the libraries that have been imported.

    To walk them once takes a tenth of a second, and building a service would have it done. Only
    the first call in a process does anything, so what tests build and drop is still collected.
    """
    if not gc.get_freeze_count():
        gc.freeze()


def settle() -> None:
    """Have the collector leave alone what exists now, and look at new objects less often.

    For a process that has built all that it serves from; only the first call does anything. A
    threshold that somebody has chosen, and a collector that is switched off, stay as they are.
    """
    global _settled  # noqa: PLW0603 - as there is one collector in a process
    if _settled:
        return
    _settled = True
    gc.freeze()
    young, *older = gc.get_threshold()
    if young in _DEFAULTS:
        gc.set_threshold(YOUNG, *older)
