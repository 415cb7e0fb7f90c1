"""EventBridge: rules deliver to functions, state machines, queues and log groups; schedules fire on demand.

moto delivers to queues and log groups only, matches every event to a rule that has only a schedule, and lets anyone
send events of `aws.` sources. Every delivery is made with the permission AWS asks for: the target's role, or the
resource policy of the function or queue. What cannot be delivered is a problem (and goes to the dead-letter queue).
"""

import json
import re
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone

from moto.events.models import EventBus, EventsBackend, events_backends
from moto.scheduler.models import scheduler_backends

from . import functions, iam
from .actions import arn
from .base import ACCOUNT, REGION, client, problems

ENTRY_LIMIT = 256 * 1024  # bytes of all entries of one PutEvents call together

seen: list[dict] = []  # every event of every bus, as rules see it, with the bus and the rules that matched
_in_order = ThreadPoolExecutor(1)


def send(bus, source, detail_type, detail, resources=(), at=None):
    """Puts one event on a bus: remembers it and delivers it after the current request. Returns its id."""
    event = {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": detail_type,
        "source": source,
        "account": ACCOUNT,
        "time": timestamp(time.time() if at is None else at),
        "region": REGION,
        "resources": list(resources),
        "detail": detail,
    }
    rules = [
        rule
        for rule in events_backends[ACCOUNT][REGION].event_buses[bus].rules.values()
        if rule.state != "DISABLED" and rule.event_pattern.get_pattern() and rule.event_pattern.matches_event(event)
    ]
    seen.append({**event, "eventBusName": bus, "rules": [rule.name for rule in rules]})
    for rule in rules:
        for target in list(rule.targets):
            _in_order.submit(_deliver, rule, target, event)
    return event["id"]


def timestamp(seconds):
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def put_events(self, events):
    """The PutEvents API. https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html"""
    if len(events) > 10 or sum(len(json.dumps(event)) for event in events) > ENTRY_LIMIT:
        return [_refusal("ValidationException", "at most 10 entries of 256 KB in all")] * len(events)
    return [_put_event(self, event) for event in events]


def _put_event(backend, event):
    missing = [name for name in ("Source", "DetailType", "Detail") if not event.get(name)]
    if missing:
        return _refusal("InvalidArgument", f"Parameter {missing[0]} is not valid. Reason: it is a required argument.")
    if event["Source"].startswith("aws."):
        return _refusal("NotAuthorizedForSourceException", "Not authorized for the source.")
    try:
        detail = json.loads(event["Detail"])
    except ValueError:
        detail = None
    if not isinstance(detail, dict):
        return _refusal("MalformedDetail", "Detail is malformed.")
    bus = backend._normalize_event_bus_arn(event.get("EventBusName"))
    backend.describe_event_bus(bus)
    at = event.get("Time")
    return {"EventId": send(bus, event["Source"], event["DetailType"], detail, event.get("Resources", []), at and float(at))}


def _refusal(code, message):
    return {"ErrorCode": code, "ErrorMessage": message}


# ---- delivery


def _deliver(rule, target, event):
    try:
        _send_to(target, _target_input(target, event), rule.arn)
    except Exception as error:  # noqa: BLE001 - whatever it is, EventBridge would not tell the sender
        problems.append(f"rule {rule.name} could not deliver to {target['Arn']}: {error}")
        queue = target.get("DeadLetterConfig", {}).get("Arn")
        if queue:
            _send_to_queue(queue, json.dumps(event), None)


def _target_input(target, event):
    if "Input" in target:
        return target["Input"]
    if "InputPath" in target:
        return json.dumps(_value_at(target["InputPath"], event))
    if "InputTransformer" in target:
        transformer = target["InputTransformer"]
        return _transform(transformer["InputTemplate"], transformer.get("InputPathsMap", {}), event)
    return json.dumps(event)


def _value_at(path, event):
    value = event
    for name in path.removeprefix("$").strip(".").split("."):
        if name:
            value = value[name]
    return value


def _transform(template, paths, event):
    """Fills a template: inside a JSON string a variable is text, outside it is JSON.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
    On AWS a variable whose path is not in the event is left out, whatever becomes of the JSON: here it is an error.
    """
    values = {name: _value_at(path, event) for name, path in paths.items()}
    values["aws.events.event.json"] = event
    values["aws.events.event.ingestion-time"] = event["time"]
    quoted, made = False, []
    for piece in re.split(r'(\\.|"|<[^<>"]+>)', template):
        if piece == '"':
            quoted = not quoted
        if not re.fullmatch(r"<[^<>]+>", piece):
            made.append(piece)
        elif not quoted:
            made.append(json.dumps(values[piece[1:-1]]))
        else:
            value = values[piece[1:-1]]
            made.append(json.dumps(value if isinstance(value, str) else json.dumps(value))[1:-1])
    return json.dumps(json.loads("".join(made)))


def _send_to(target, payload, source_arn):
    to = target["Arn"]
    service = to.split(":")[2]
    if service == "lambda":
        functions.require_permission(to.split(":function:")[1], "events.amazonaws.com", source_arn)
        client("lambda").invoke(FunctionName=to, InvocationType="Event", Payload=payload)
    elif service == "states":
        as_role = client("stepfunctions", iam.assume(target["RoleArn"], "events.amazonaws.com"))
        as_role.start_execution(stateMachineArn=to, input=payload)
    elif service == "sqs":
        _require_queue_policy(to, source_arn)
        _send_to_queue(to, payload, target.get("SqsParameters", {}).get("MessageGroupId"))
    elif service == "logs":
        _write_to_log_group(to.split(":log-group:")[1].removesuffix(":*"), payload)
    else:
        raise NotImplementedError(f"targets of {service} are not supported here")


def _require_queue_policy(queue_arn, source_arn):
    attributes = client("sqs").get_queue_attributes(QueueUrl=_queue_url(queue_arn), AttributeNames=["Policy"])
    policy = json.loads(attributes.get("Attributes", {}).get("Policy") or '{"Statement":[]}')
    context = {"aws:SourceArn": source_arn, "aws:SourceAccount": ACCOUNT}
    allowed = [s for s in policy["Statement"] if s.get("Principal", {}).get("Service") == "events.amazonaws.com"]
    if not iam.allows(allowed, "sqs:SendMessage", queue_arn, context):
        raise iam.deny("events.amazonaws.com", "sqs:SendMessage", queue_arn, f"the queue's policy does not allow it for {source_arn}")


def _queue_url(queue_arn):
    return client("sqs").get_queue_url(QueueName=queue_arn.split(":")[-1])["QueueUrl"]


def _send_to_queue(queue_arn, body, group):
    client("sqs").send_message(QueueUrl=_queue_url(queue_arn), MessageBody=body, **({"MessageGroupId": group} if group else {}))


def _write_to_log_group(group, message):
    stream = str(uuid.uuid4())
    client("logs").create_log_stream(logGroupName=group, logStreamName=stream)
    line = {"timestamp": int(time.time() * 1000), "message": message}
    client("logs").put_log_events(logGroupName=group, logStreamName=stream, logEvents=[line])


# ---- schedules


def fire(name, at=None, execution_id=None):
    """Does what EventBridge Scheduler does when a schedule's time has come.

    at: the scheduled time (ISO 8601, default now); execution_id: give the one of an earlier delivery to repeat it.
    Returns {target, executionId, result} or, when the target refused, {target, executionId, error}.
    """
    at = at or timestamp(time.time())
    for group in scheduler_backends[ACCOUNT][REGION].schedule_groups.values():
        if name in group.schedules:
            return _fire_schedule(group.schedules[name], at, execution_id or uuid.uuid4().hex[:16])
    for rule in events_backends[ACCOUNT][REGION].event_buses["default"].rules.values():
        if rule.name == name and rule.scheduled_expression:
            return _fire_rule(rule, at)
    raise KeyError(f"no schedule or scheduled rule named {name}")


def _fire_schedule(schedule, at, execution_id):
    if schedule.state != "ENABLED":
        raise ValueError(f"schedule {schedule.name} is {schedule.state}")
    target = schedule.target
    payload = target.get("Input") or "{}"
    # https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
    for attribute, value in {
        "schedule-arn": schedule.arn,
        "scheduled-time": at,
        "execution-id": execution_id,
        "attempt-number": "1",
    }.items():
        payload = payload.replace(f"<aws.scheduler.{attribute}>", value)
    fired = {"target": target["Arn"], "executionId": execution_id}
    try:
        result = _call_target(target, payload)
        return {**fired, "result": {k: str(v) for k, v in result.items() if k != "ResponseMetadata"}}
    except Exception as error:  # noqa: BLE001 - the schedule's owner sees it in the dead-letter queue only
        queue = target.get("DeadLetterConfig", {}).get("Arn")
        if queue:
            _send_to_queue(queue, payload, None)
        return {**fired, "error": f"{type(error).__name__}: {error}"}


def _call_target(target, payload):
    """A templated target, or a universal one: `arn:aws:scheduler:::aws-sdk:service:operation` with its parameters."""
    key = iam.assume(target["RoleArn"], "scheduler.amazonaws.com")
    parts = target["Arn"].split(":")
    if parts[5] == "aws-sdk":
        service, operation = {"sfn": "stepfunctions"}.get(parts[6], parts[6]), parts[7]
        api = client(service, key)
        model = api.meta.service_model.operation_model(operation[0].upper() + operation[1:])
        names = {member.lower(): member for member in model.input_shape.members}
        unknown = [name for name in json.loads(payload) if name.lower() not in names]
        if unknown:
            raise ValueError(f"{operation} has no parameter {unknown[0]}")
        return api._make_api_call(model.name, {names[k.lower()]: v for k, v in json.loads(payload).items()})
    if parts[2] == "states":
        return client("stepfunctions", key).start_execution(stateMachineArn=target["Arn"], input=payload)
    if parts[2] == "lambda":
        return client("lambda", key).invoke(FunctionName=target["Arn"], InvocationType="Event", Payload=payload)
    raise NotImplementedError(f"schedule targets of {parts[2]} are not supported here")


def _fire_rule(rule, at):
    event = {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT,
        "time": at,
        "region": REGION,
        "resources": [arn("events", f"rule/{rule.name}")],
        "detail": {},
    }
    for target in rule.targets:
        _deliver(rule, target, event)
    return {"target": [target["Arn"] for target in rule.targets]}


EventsBackend.put_events = put_events
EventBus.physical_resource_id = property(lambda self: self.name)  # moto has none, so Ref of a bus fails
