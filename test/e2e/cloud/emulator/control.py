"""The HTTP front: checks what deployed roles may do, then moto; and the tests' controls under /lab/.

GET  /lab/iam       what the deployed roles used, were denied, and what could not be checked; POST /lab/iam forgets it
GET  /lab/events    every event sent so far; GET /lab/problems  undelivered events, unreadable metrics, unused faults
POST /lab/fire?name=…&time=…&execution-id=…          a schedule's time has come
POST /lab/wait-scale?factor=…                         Wait states and retries take this part of their time
POST /lab/cool-down                                   functions start anew
POST /lab/drop-status-events?on=0|1                   status change events are lost
POST /lab/kill-next?function=…&after=…&at=…&request=…&report=…   see functions.plan_kill
POST /lab/reset                                       forgets faults, events, problems and the IAM record
"""

import io
import json
import re
import uuid

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.s3.models import s3_backends
from werkzeug.wrappers import Request, Response

from . import actions, encryption, eventbridge, functions, iam, machines, stacks
from .base import ACCOUNT, problems

_moto = DomainDispatcherApplication(create_backend_app)
_SIGNED_BY = re.compile(r"Credential=([^/]+)/\d+/[^/]+/([^/]+)/")


# ---- controls


def _fire(query):
    return eventbridge.fire(query["name"], query.get("time"), query.get("execution-id"))


def _wait_scale(query):
    machines.wait_scale = float(query["factor"])


def _drop_status_events(query):
    machines.drop_status_events = query["on"] == "1"


def _kill_next(query):
    functions.plan_kill(**{name: query[name] for name in ("function", "after", "at", "request", "report") if name in query})


def _problems(_query):
    planned = [f"planned kill did not happen: {json.dumps(kill)}" for kill in functions.planned_kills()]
    return problems + planned


def _reset(_query):
    for seen in (problems, eventbridge.seen, machines.dropped):
        seen.clear()
    iam.reset()
    functions.clear_kills()
    machines.wait_scale, machines.drop_status_events = 1.0, False


_CONTROLS = {
    "GET /lab/iam": lambda _: iam.report(),
    "POST /lab/iam": lambda _: iam.reset(),
    "GET /lab/events": lambda _: eventbridge.seen,
    "GET /lab/dropped-events": lambda _: machines.dropped,
    "GET /lab/problems": _problems,
    "POST /lab/fire": _fire,
    "POST /lab/wait-scale": _wait_scale,
    "POST /lab/drop-status-events": _drop_status_events,
    "POST /lab/cool-down": lambda _: functions.cool_down(),
    "POST /lab/kill-next": _kill_next,
    "POST /lab/reset": _reset,
}


def _control(environ):
    control = _CONTROLS.get(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}")
    if control is None:
        return Response(json.dumps({"error": "no such control"}), status=404)
    try:
        answer = control(Request(environ).args.to_dict())
        return Response(json.dumps({} if answer is None else answer), content_type="application/json")
    except Exception as error:  # noqa: BLE001 - the test is told
        return Response(json.dumps({"error": f"{type(error).__name__}: {error}"}), status=400)


# ---- requests of deployed roles


def _check(environ):
    """Refuses a request that its role may not make. Returns a Response, or None to go on."""
    signed = _SIGNED_BY.search(environ.get("HTTP_AUTHORIZATION", ""))
    role = iam.access_keys.get(signed[1]) if signed else None
    if role is None:
        return None
    service = signed[2]
    body = _body(environ, service)
    needs = actions.needs(service, environ, body)
    if needs is None:
        what = environ.get("HTTP_X_AMZ_TARGET") or f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
        iam.unchecked.add(f"{role.split('/')[-1]}: {service} {what}")
        return None
    try:
        for need in needs:
            iam.require(role, need.action, need.resource, need.context)
        _require_list_for_missing(role, needs)
        for need in encryption.key_needs(needs, environ):
            encryption.require_key(role, need)
    except iam.Denied as denied:
        return _refusal(service, str(denied))
    return None


def _body(environ, service):
    """The body, where the action or the resource is in it; put back for moto."""
    if service == "s3" and not (environ["REQUEST_METHOD"] == "POST" and "delete" in environ.get("QUERY_STRING", "")):
        return b""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def _require_list_for_missing(role, needs):
    """S3 says 403, not 404, of a missing object to who may not list the bucket.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
    """
    for need in needs:
        if need.action != "s3:GetObject":
            continue
        bucket, _, key = need.resource.removeprefix("arn:aws:s3:::").partition("/")
        backend = s3_backends[ACCOUNT]["aws"]
        if bucket in backend.buckets and backend.get_object(bucket, key) is None:
            iam.require(role, "s3:ListBucket", f"arn:aws:s3:::{bucket}", {"s3:prefix": ""})


def _refusal(service, text):
    headers = {"x-amzn-requestid": str(uuid.uuid4()), "x-amzn-errortype": "AccessDeniedException"}
    if service == "s3":
        xml = f"<?xml version='1.0'?><Error><Code>AccessDenied</Code><Message>{text}</Message></Error>"
        return Response(xml, status=403, content_type="application/xml", headers=headers)
    status = 403 if service in ("lambda", "scheduler") else 400
    answer = json.dumps({"__type": "AccessDeniedException", "message": text, "Message": text})
    return Response(answer, status=status, content_type="application/x-amz-json-1.1", headers=headers)


def application(environ, start_response):
    """The WSGI application of the whole cloud."""
    path = environ["PATH_INFO"]
    if path.startswith("/lab/"):
        return _control(environ)(environ, start_response)
    if path.endswith("/cfnresponse"):
        stacks.custom_resource_answer(Request(environ).get_data())
        return Response("{}")(environ, start_response)

    def serve():
        refusal = _check(environ)
        return refusal(environ, start_response) if refusal else _moto(environ, start_response)

    token = environ.get("HTTP_X_AMZ_SECURITY_TOKEN")
    if token is None:
        return serve()
    answer = functions.kill_at_request(token, serve)
    return Response(status=503)(environ, start_response) if answer is None else answer
