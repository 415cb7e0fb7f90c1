"""Step Functions: moto's interpreter, repaired, with short waits on demand and with status change events.

Repairs, each with its reason below: execution names, a second execution, definitions from CloudFormation, the role's
rights, Lambda errors without a type, a fractional tolerated percentage.
"""

import copy
import json
import re
import time
import uuid

import moto.stepfunctions.models as machine_models
from botocore.exceptions import ClientError
from moto.core.exceptions import AWSError
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.error_name import ErrorName
from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration import iteration_worker
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_lambda import (
    StateTaskServiceLambda,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.state_task_lambda import StateTaskLambda
from moto.stepfunctions.parser.asl.component.state.fail import state_fail
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.asl.utils import boto_client
from moto.stepfunctions.parser.backend.execution import BaseExecutionWorkerCommunication, Execution
from moto.stepfunctions.parser.models import StepFunctionsParserBackend, stepfunctions_parser_backends
from moto.s3.models import s3_backends

from . import encryption, eventbridge, iam
from .actions import Need
from .base import ACCOUNT, client

PAYLOAD_IN_EVENT = 248 * 1024  # bytes of input and output together; what is larger is left out of the event

wait_scale = 1.0  # Wait states and retry intervals take this part of their time
drop_status_events = False
dropped: list[dict] = []


# ---- the role's rights: every call of a state is made with the machine's role

_clients_of_states = boto_client.boto_client_for


def _client_for(region, service, state_credentials=None):
    return client(service, iam.assume(state_credentials.role_arn, "states.amazonaws.com"))


def use_role_credentials(modules):
    """The interpreter's modules import the client factory by name: each gets ours."""
    for module in modules:
        if getattr(module, "boto_client_for", None) is _clients_of_states:
            module.boto_client_for = _client_for


# ---- starting


def _start_execution(self, state_machine_arn, name=None, *args, **kwargs):
    """moto calls every execution without a name "None". The machine's role needs the key of its executions' data."""
    key, context = encryption.machine_key(state_machine_arn)
    if key:
        context = {f"kms:EncryptionContext:{name}": value for name, value in context.items()}
        for action in ("kms:Decrypt", "kms:GenerateDataKey"):
            try:
                encryption.require_key(self.describe_state_machine(state_machine_arn).roleArn, Need(action, key.arn, context))
            except iam.Denied as denied:
                raise AWSError(str(denied), "KmsAccessDeniedException", 400) from denied
    return _start(self, state_machine_arn, name or str(uuid.uuid4()), *args, **kwargs)


def _copy_machine(self, _memo):
    """StartExecution deep-copies the machine with all its executions, whose threads cannot be copied."""
    clone = copy.copy(self)
    clone.executions = []
    return clone


_start = StepFunctionsParserBackend.start_execution
StepFunctionsParserBackend.start_execution = _start_execution
machine_models.StateMachine.__deepcopy__ = _copy_machine


# ---- CloudFormation: definitions by pointer and with substitutions; machines made where they can be executed

# What Step Functions asks of the role of a machine that logs.
# https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
_LOG_DELIVERY = [
    f"logs:{action}"
    for action in (
        "CreateLogDelivery",
        "GetLogDelivery",
        "UpdateLogDelivery",
        "DeleteLogDelivery",
        "ListLogDeliveries",
        "PutResourcePolicy",
        "DescribeResourcePolicies",
        "DescribeLogGroups",
    )
]


def _resolve_definition(properties):
    if "DefinitionS3Location" in properties:
        at = properties["DefinitionS3Location"]
        stored = s3_backends[ACCOUNT]["aws"].get_object(at["Bucket"], at["Key"])
        properties["DefinitionString"] = stored.value.decode()
    elif "Definition" in properties:
        properties["DefinitionString"] = json.dumps(properties["Definition"])
    for name, value in properties.get("DefinitionSubstitutions", {}).items():
        properties["DefinitionString"] = properties["DefinitionString"].replace("${%s}" % name, str(value))
    unresolved = re.search(r"\$\{[A-Za-z0-9_]+\}", properties["DefinitionString"])
    if unresolved:
        raise ValueError(f"the state machine's definition has no substitution for {unresolved[0]}")
    if len(properties["DefinitionString"]) > 1024 * 1024:
        raise ValueError("the state machine's definition is larger than 1 MiB")
    if len(properties.get("StateMachineName", "")) > 80:
        raise ValueError("the state machine's name is longer than 80 characters")
    iam.assume(properties["RoleArn"], "states.amazonaws.com")
    if properties.get("LoggingConfiguration", {}).get("Destinations"):
        for action in _LOG_DELIVERY:
            iam.require(properties["RoleArn"], action, "*")


def _with_definition(original):
    def make(cls, *args, **kwargs):
        given = [*args, *kwargs.values()]
        template = next(value for value in given if isinstance(value, dict) and "Properties" in value)
        _resolve_definition(template["Properties"])
        machine = original(cls, *args, **kwargs)
        machine.loggingConfiguration = template["Properties"].get("LoggingConfiguration")
        machine.encryption = template["Properties"].get("EncryptionConfiguration")
        return machine

    return classmethod(make)


machine_models.stepfunctions_backends = stepfunctions_parser_backends
for _name in ("create_from_cloudformation_json", "update_from_cloudformation_json"):
    _original = getattr(machine_models.StateMachine, _name).__func__
    setattr(machine_models.StateMachine, _name, _with_definition(_original))


# ---- interpreter


def _parse(definition):
    """moto's grammar wants a fraction where ToleratedFailurePercentage is a number."""
    return _parse_strictly(re.sub(r'("ToleratedFailurePercentage"\s*:\s*\d+)(?![\d.])', r"\1.0", definition))


def _wait(self, env, wait_seconds):
    until = time.monotonic() + wait_seconds * wait_scale
    while env.is_running() and time.monotonic() < until:
        env.program_state_event.wait(max(0.0, until - time.monotonic()))


class _ScaledTime:
    """Stands for the module `time` where a retry sleeps."""

    @staticmethod
    def sleep(seconds):
        time.sleep(seconds * wait_scale)


def _naming_errors(original, details_name):
    """Lambda's errors by AWS's names, of a task that names a function or the integration lambda:invoke.

    An answer without an error type is Lambda.Unknown, where moto says Exception; a refused call is Lambda.<its code>.
    https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
    """

    def from_error(self, env, ex):
        event = original(self, env, ex)
        if isinstance(ex, ClientError):
            name, cause = f"Lambda.{ex.response['Error']['Code']}", ex.response["Error"]["Message"]
        elif isinstance(ex, lambda_eval_utils.LambdaFunctionErrorException) and "errorType" not in _object(ex.payload):
            name = "Lambda.Unknown"
            cause = "The cause could not be determined because Lambda did not return an error type. "
            cause += f"Returned payload: {ex.payload}"
        else:
            return event
        event.event_details[details_name].update(error=name, cause=cause)
        event.error_name = CustomErrorName(name)
        return event

    return from_error


class _AnyErrorName(ErrorName):
    """A Fail state may pass on the error that was caught, States.Timeout too; moto refuses names of AWS there."""

    def __init__(self, error_name):
        super().__init__(error_name=error_name)


def _object(text):
    value = json.loads(text)
    return value if isinstance(value, dict) else {}


_parse_strictly = AmazonStateLanguageParser.parse
AmazonStateLanguageParser.parse = staticmethod(_parse)
WaitFunction._wait_interval = _wait
retrier_decl.time = _ScaledTime
state_fail.CustomErrorName = iteration_worker.CustomErrorName = _AnyErrorName
StateTaskServiceLambda._from_error = _naming_errors(StateTaskServiceLambda._from_error, "taskFailedEventDetails")
StateTaskLambda._from_error = _naming_errors(StateTaskLambda._from_error, "lambdaFunctionFailedEventDetails")


# ---- status change events
# https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html


def announce(execution, status):
    """Sends the status change event of an execution (an object with moto's fields of one) unless told to lose it."""
    output = None if execution.output is None else json.dumps(execution.output, separators=(",", ":"))
    given = json.dumps(execution.input_data, separators=(",", ":"))
    keep_output = len(output or "") <= PAYLOAD_IN_EVENT
    keep_input = len(given) + len(output or "") <= PAYLOAD_IN_EVENT
    redrivable = status in ("FAILED", "TIMED_OUT", "ABORTED")
    detail = {
        "executionArn": execution.exec_arn,
        "stateMachineArn": execution.state_machine_arn,
        "name": execution.name,
        "status": status,
        "startDate": _milliseconds(execution.start_date),
        "stopDate": None if status == "RUNNING" else _milliseconds(execution.stop_date),
        "input": given if keep_input else None,
        "output": output if keep_output else None,
        "stateMachineVersionArn": None,
        "stateMachineAliasArn": None,
        "redriveCount": 0,
        "redriveDate": None,
        "redriveStatus": "REDRIVABLE" if redrivable else "NOT_REDRIVABLE",
        "redriveStatusReason": None if redrivable else f"Execution is {status} and cannot be redriven",
        "inputDetails": {"included": keep_input},
        "outputDetails": None if output is None else {"included": keep_output},
        "error": execution.error,
        "cause": execution.cause,
    }
    if drop_status_events:
        dropped.append(detail)
    else:
        eventbridge.send("default", "aws.states", "Step Functions Execution Status Change", detail, [execution.exec_arn])


def _milliseconds(date):
    return int(date.timestamp() * 1000)


def _start_and_announce(self):
    announce(self, "RUNNING")  # first: the execution may be over before the next line
    _execute(self)


def _end_and_announce(self):
    _end(self)
    announce(self.execution, self.execution.status)


_execute, _end = Execution.start, BaseExecutionWorkerCommunication._reflect_execution_status
Execution.start = _start_and_announce
BaseExecutionWorkerCommunication._reflect_execution_status = _end_and_announce
