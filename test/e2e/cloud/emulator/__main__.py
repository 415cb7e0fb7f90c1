"""python3 -m emulator PORT STATE_FOLDER NODE_MODULES_PARENT: serves the emulated AWS on 127.0.0.1:PORT until told to stop.

The order matters: moto reads its settings when it is imported, and the interpreter's modules must be loaded before
their client factory is replaced.
"""

import os
import signal
import sys

from .base import PORT

os.environ["MOTO_PORT"] = str(PORT)
os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"  # AWSLambdaBasicExecutionRole and the like

from moto import settings  # noqa: E402
from moto.core.config import default_user_config  # noqa: E402

settings.moto_server_host = lambda: "http://127.0.0.1"  # moto takes host.docker.internal for granted
default_user_config["stepfunctions"]["execute_state_machine"] = True

from . import control, machines, map_runs, resources  # noqa: E402,F401
from werkzeug.serving import run_simple  # noqa: E402

machines.use_role_credentials(list(sys.modules.values()))
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
run_simple("127.0.0.1", PORT, control.application, threaded=True)
