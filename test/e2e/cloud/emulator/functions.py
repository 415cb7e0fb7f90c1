"""AWS Lambda: deployed zips run in Node child processes (function-host.mjs) instead of moto's Docker containers.

Faults on purpose: an invocation can be killed at its start, at its end (the work is done, the answer lost), or at its
n-th request to this cloud, before or after that request took effect.
"""

import atexit
import base64
import hashlib
import io
import json
import os
import subprocess
import threading
import time
import urllib.request
import uuid
import zipfile

from moto.awslambda.models import LambdaFunction, lambda_backends

from . import encryption, iam, metrics
from .actions import Need, arn
from .base import ACCOUNT, ENDPOINT, NODE_MODULES, REGION, STATE, background, problems

HERE = os.path.dirname(os.path.abspath(__file__))
CODE = os.path.join(STATE, "code")
RESPONSE_LIMIT = 6 * 1024 * 1024  # bytes, https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html

_lock = threading.Lock()
_kills: list[dict] = []  # planned: {function, after, at, request, report}
_generation = 0  # counts cool_down
_initialised: set[str] = set()  # pools of processes whose environment has been decrypted
_armed: dict[str, dict] = {}  # session token of a process -> {left, when}: killed at a request


def start_host():
    """Starts the Node process that runs the functions and returns its port."""
    os.makedirs(CODE, exist_ok=True)
    if not os.path.lexists(os.path.join(CODE, "node_modules")):  # the SDK that the managed runtime provides
        os.symlink(os.path.join(NODE_MODULES, "node_modules"), os.path.join(CODE, "node_modules"))
    host = subprocess.Popen(["node", os.path.join(HERE, "function-host.mjs")], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    atexit.register(host.terminate)
    return int(host.stdout.readline())


def _ask_host(path, body):
    request = urllib.request.Request(f"http://127.0.0.1:{HOST}{path}", json.dumps(body).encode())
    return json.load(urllib.request.urlopen(request, timeout=920))


# ---- faults


def plan_kill(function, after=0, at="start", request=1, report="Lambda.Unknown"):
    """Kills one later invocation of a function: the one that comes after `after` others.

    at: "start", "end", "before-request" or "after-request"; the latter two count the requests that the invocation
    makes to this cloud, from 1. report: what the caller is told, "Lambda.Unknown", "Runtime.ExitError" or
    "Sandbox.Timedout".
    """
    if at not in ("start", "end", "before-request", "after-request"):
        raise ValueError(f"at: {at!r} is no moment; use start, end, before-request or after-request")
    with _lock:
        _kills.append({"function": function, "after": int(after), "at": at, "request": int(request), "report": report})


def planned_kills():
    """Kills that have not happened yet (a test that leaves one planned it wrongly)."""
    return list(_kills) + list(_armed.values())


def clear_kills():
    with _lock:
        _kills.clear()
        _armed.clear()


def _due_kill(function):
    """The kill that is due at this invocation; every plan for the function counts it."""
    due = None
    with _lock:
        for kill in [k for k in _kills if k["function"] == function]:
            if kill["after"] > 0:
                kill["after"] -= 1
            elif due is None:
                due = kill
                _kills.remove(kill)
    return due


def kill_at_request(token, serve):
    """Serves a request of the process with this session token, or kills the process before or after it."""
    with _lock:
        armed = _armed.get(token)
        if armed:
            armed["left"] -= 1
            if armed["left"] == 0:
                del _armed[token]
    if not armed or armed["left"] != 0:
        return serve()
    answer = serve() if armed["when"] == "after-request" else None
    _ask_host("/kill", {"token": token})
    return answer


# ---- running


def _code_folder(function):
    folder = os.path.join(CODE, hashlib.sha256(function.code_bytes).hexdigest())
    with _lock:
        if not os.path.isdir(folder):
            unpacked = f"{folder}.{uuid.uuid4()}"
            zipfile.ZipFile(io.BytesIO(function.code_bytes)).extractall(unpacked)
            os.rename(unpacked, folder)
    return folder


def cool_down():
    """From now on functions start anew: on AWS an idle execution environment goes sooner or later."""
    global _generation
    _generation += 1


def _decrypt_environment(function, pool):
    """At a cold start the function's role decrypts its environment variables.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars-encryption.html
    """
    key = encryption.find_key(getattr(function, "environment_key", None))
    if key and pool not in _initialised:
        context = {"kms:EncryptionContext:aws:lambda:FunctionArn": function.function_arn, "kms:ViaService": f"lambda.{REGION}.amazonaws.com"}
        encryption.require_key(function.role, Need("kms:Decrypt", key.arn, context))
    _initialised.add(pool)


def run(self, event=None):
    """Runs the function once. Returns (payload as JSON text, failed, log)."""
    event = {} if event in (None, "") else json.loads(event) if isinstance(event, (str, bytes)) else event
    folder = _code_folder(self)
    environment = {
        **self.environment_vars,
        "PATH": os.environ["PATH"],
        "TZ": ":UTC",
        "_HANDLER": self.handler,
        "LAMBDA_TASK_ROOT": folder,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{self.run_time}",
        "AWS_LAMBDA_FUNCTION_NAME": self.function_name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(self.memory_size),
        "AWS_LAMBDA_LOG_GROUP_NAME": self.logs_group_name,
        "AWS_LAMBDA_LOG_FORMAT": getattr(self, "log_format", "Text"),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_ACCESS_KEY_ID": iam.assume(self.role, "lambda.amazonaws.com"),
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_ENDPOINT_URL": ENDPOINT,
    }
    pool = hashlib.sha256(json.dumps([self.function_arn, _generation, environment], sort_keys=True).encode()).hexdigest()
    try:
        _decrypt_environment(self, pool)
    except iam.Denied as denied:
        return json.dumps({"errorType": "KMSAccessDeniedException", "errorMessage": str(denied)}), True, ""
    kill = _due_kill(self.function_name)
    token = str(uuid.uuid4()) if kill else None
    if kill and kill["at"].endswith("-request"):
        _armed[token] = {"function": self.function_name, "left": kill["request"], "when": kill["at"]}
    result = _ask_host(
        "/invoke",
        {
            "pool": pool,
            "folder": folder,
            "environment": environment,
            "timeout": int(self.timeout),
            "memory": int(self.memory_size),
            "arn": self.function_arn,
            "event": event,
            "kill": kill and {"at": kill["at"], "report": kill["report"], "token": token},
        },
    )
    _armed.pop(token, None)
    _keep_log(self, result["log"])
    if len(result["payload"].encode()) > RESPONSE_LIMIT:
        text = f"Response payload size exceeded maximum allowed payload size ({RESPONSE_LIMIT} bytes)."
        return json.dumps({"errorType": "Function.ResponseSizeTooLarge", "errorMessage": text}), True, result["log"]
    return result["payload"], result["failed"], result["log"]


def _keep_log(function, log):
    """Writes the lines to the log group as the function's role, and the metrics among them to CloudWatch."""
    group = arn("logs", f"log-group:{function.logs_group_name}:log-stream:any")
    try:
        iam.require(function.role, "logs:PutLogEvents", group)
    except iam.Denied:
        return  # on AWS the lines are lost, and metrics with them; the denial is on record
    function.logs_backend.ensure_log_group(function.logs_group_name)
    function.save_logs(log)
    metrics.extract(log.splitlines())


def invoke(self, body, request_headers, response_headers):
    """The Invoke API: an `Event` is answered at once and tried up to three times."""
    if request_headers.get("x-amz-invocation-type", "RequestResponse") == "Event":
        background(_run_event, self, body)
        return b""
    payload, failed, log = run(self, body)
    if failed:
        response_headers["x-amz-function-error"] = "Unhandled"
    response_headers["x-amz-log-result"] = base64.b64encode(log[-4096:].encode()).decode()
    return payload.encode()


def _run_event(function, body):
    # AWS waits one and two minutes between the tries; nothing here depends on how long.
    for _ in range(3):
        payload, failed, _ = run(function, body)
        if not failed:
            return
        time.sleep(0.2)
    problems.append(f"event invocation of {function.function_name} failed three times: {payload}")


def require_permission(function_name, service, source_arn):
    """The function's own policy lets a service invoke it on behalf of `source_arn`."""
    statements = lambda_backends[ACCOUNT][REGION].get_function(function_name).policy.statements
    for statement in statements:
        principal = statement.get("Principal", {})
        named = principal.get("Service") if isinstance(principal, dict) else principal
        condition = statement.get("Condition", {})
        wanted = next((v for c in condition.values() for k, v in c.items() if k.lower() == "aws:sourcearn"), source_arn)
        if named == service and iam.matches([wanted], source_arn):
            return
    raise iam.deny(service, "lambda:InvokeFunction", function_name, f"the function's policy does not allow it for {source_arn}")


_from_template = LambdaFunction.create_from_cloudformation_json.__func__


def _create(cls, resource_name, cloudformation_json, account_id, region_name, **kwargs):
    """moto ignores LoggingConfig and KmsKeyArn."""
    function = _from_template(cls, resource_name, cloudformation_json, account_id, region_name, **kwargs)
    logging = cloudformation_json["Properties"].get("LoggingConfig", {})
    function.logs_group_name = logging.get("LogGroup", function.logs_group_name)
    function.log_format = logging.get("LogFormat", "Text")
    function.environment_key = cloudformation_json["Properties"].get("KmsKeyArn")
    return function


LambdaFunction._invoke_lambda, LambdaFunction.invoke = run, invoke
LambdaFunction.create_from_cloudformation_json = classmethod(_create)
HOST = start_host()
