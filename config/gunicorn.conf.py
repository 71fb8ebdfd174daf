"""How gunicorn serves the deployment: ``gunicorn -c config/gunicorn.conf.py app.server:app``.

The values come from the settings; each can be overridden on the command line, such as
``--max-requests 10000 --max-requests-jitter 1000``. See docs/howto/gunicorn.md.
"""

import math
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

# gunicorn adds the folder of the application only when it loads that.
sys.path.insert(0, str(Path(__file__).parents[1]))

from config.settings import Settings
from moorage.observability import logs

# The processes add up their metrics here, so that any of them can answer for all.
own_metrics_dir = os.environ.get("PROMETHEUS_MULTIPROC_DIR") is None
if own_metrics_dir:
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="moorage-metrics-")

# A bad setting ends gunicorn here, with one line and status 2, before there is any worker.
settings = Settings.load()
logs.configure(level=settings.log_level, style="json" if settings.logs_json else "console")

bind = settings.bind
workers = settings.workers
worker_class = "moorage.edge.gunicorn.Worker"
logger_class = "moorage.edge.gunicorn.Lines"
loglevel = settings.log_level.lower()

# From SIGTERM to SIGKILL: the delay and the grace period, and what it takes to close everything.
graceful_timeout = 10 + math.ceil((settings.drain_delay + settings.grace_period).total_seconds())
# A process whose event loop stands still for so many seconds is replaced.
timeout = 60
# Longer than load balancers keep an idle connection, so that they and not we close it.
keepalive = 75
control_socket_disable = True
# The heartbeat file must not touch a disk, or a slow one gets workers killed.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108


def child_exit(server: Any, worker: Any) -> None:  # noqa: ARG001 - gunicorn's signature
    """Take the gauges of a process that has ended out of the sum."""
    from prometheus_client import multiprocess  # noqa: PLC0415 - reads the variable on import

    multiprocess.mark_process_dead(worker.pid)


def on_exit(server: Any) -> None:  # noqa: ARG001
    """Remove the directory of metrics, if it was made here."""
    if own_metrics_dir:
        shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)
