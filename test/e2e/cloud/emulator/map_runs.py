"""Distributed Map: children are executions of their own, as on AWS.

moto runs them as branches of the parent: their context object is the parent's, they cannot be listed or described,
their failures are ignored, and nothing asks whether the role may start them.
https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
"""

import json
import sys
import uuid
from datetime import datetime, timezone
from types import SimpleNamespace

from moto.core.responses import ActionResult
from moto.stepfunctions import responses
from moto.stepfunctions.parser.api import (
    EvaluationFailedEventDetails,
    ExecutionStatus,
    HistoryEventType,
)
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent, FailureEventException
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.component.common.timeouts.timeout import EvalTimeoutError
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.distributed_iteration_component import (
    DistributedIterationComponent,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.itemprocessor.distributed_item_processor_worker import (
    DistributedItemProcessorWorker,
)
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.asl.eval.program_state import ProgramError, ProgramStopped
from moto.stepfunctions.parser.asl.eval.states import ItemData, MapData
from moto.stepfunctions.parser.models import StepFunctionsParserBackend

from . import iam, machines

sys.setrecursionlimit(20_000)  # moto's workers take their next item by recursion

children: dict[str, SimpleNamespace] = {}  # execution ARN -> child execution, with the fields of moto's Execution


def _failure(env, error, cause):
    return FailureEventException(
        FailureEvent(
            env=env,
            error_name=StatesErrorName(typ=StatesErrorNameType.from_name(error)),
            event_type=HistoryEventType.EvaluationFailed,
            event_details=EventDetails(
                evaluationFailedEventDetails=EvaluationFailedEventDetails(error=error, cause=cause)
            ),
        )
    )


# ---- the run


def _run_map(self, env, eval_input):
    """Runs the children; fails when the role may not start them or more of them failed than is tolerated."""
    machine = env.states.context_object.context_object_data["StateMachine"]
    role = env.aws_execution_details.role_arn
    try:
        iam.require(role, "states:StartExecution", machine["Id"])
        for action in ("states:DescribeExecution", "states:StopExecution"):
            iam.require(role, action, machine["Id"].replace(":stateMachine:", ":execution:") + ":child")
    except iam.Denied as denied:
        raise _failure(env, "States.Permissions", str(denied)) from None
    _run(self, env, eval_input)
    items = eval_input.map_run_record.item_counter
    failed, total = items.failed.get() + items.timed_out.get(), items.total.get()
    count, percentage = eval_input.tolerated_failure_count or 0, eval_input.tolerated_failure_percentage or 0
    tolerated = failed <= count if count else failed * 100 <= percentage * total
    if not tolerated:
        raise _failure(
            env, "States.ExceedToleratedFailureThreshold", "The specified tolerated failure threshold was exceeded"
        )


def _run_child(self, env, job):
    """Runs one child. The item selector still sees the parent's context object; the child's states see its own."""
    record = self._map_run_record
    for counter in (record.item_counter, record.execution_counter):
        counter.total.count()
        counter.running.count()
    outcome, child = "failed", None
    try:
        context = env.states.context_object.context_object_data
        context["Map"] = MapData(Item=ItemData(Index=job.job_index, Value=job.job_input))
        env.states.reset(job.job_input)
        env.stack.append(env.states.get_input())
        self._eval_input(env_frame=env)
        child = _child_of(record, context, env.states.get_input())
        del context["Map"]
        job.job_program.eval(env)
        state = env.program_state()
        if isinstance(state, ProgramError):
            child.error, child.cause = state.error.get("error"), state.error.get("cause")
        elif isinstance(state, ProgramStopped):
            outcome = "aborted"
        else:
            outcome = "succeeded"
            child.output = job.job_output = env.states.get_input()
    except EvalTimeoutError:
        outcome = "timed_out"
    except FailureEventException as failure:
        if child:
            child.error, child.cause = failure.extract_error_cause_pair() or (None, None)
    finally:
        for counter in (record.item_counter, record.execution_counter):
            counter.running.offset(-1)
            getattr(counter, outcome).count()
        if child:
            child.exec_status = ExecutionStatus(outcome.upper())
            child.status, child.stop_date = child.exec_status.value, datetime.now(timezone.utc)
            machines.announce(child, child.status)


def _child_of(record, context, given):
    """Registers a child and gives its states the context object of an execution of their own."""
    parent, machine = context["Execution"], context["StateMachine"]
    label = record.map_state_machine_arn.rpartition("/")[2]
    name = str(uuid.uuid4())
    child = SimpleNamespace(
        name=name,
        exec_arn=f"{machine['Id'].replace(':stateMachine:', ':execution:')}/{label}:{name}",
        state_machine_arn=record.map_state_machine_arn,
        map_run_arn=record.map_run_arn,
        input_data=given,
        execution_input=json.dumps(given, separators=(",", ":")),
        start_date=datetime.now(timezone.utc),
        stop_date=None,
        exec_status=ExecutionStatus.RUNNING,
        status="RUNNING",
        output=None,
        output_details={"included": True},
        error=None,
        cause=None,
    )
    child.execution_arn = child.exec_arn
    children[child.exec_arn] = child
    context["Execution"] = {**parent, "Id": child.exec_arn, "Name": name, "Input": given, "StartTime": child.start_date}
    context["StateMachine"] = {"Id": record.map_state_machine_arn, "Name": f"{machine['Name']}/{label}"}
    machines.announce(child, "RUNNING")
    return child


_run = DistributedIterationComponent._map_run
DistributedIterationComponent._map_run = _run_map
DistributedItemProcessorWorker._eval_job = _run_child


# ---- the API


def _describe_execution(self, execution_arn):
    return children.get(execution_arn) or _describe(self, execution_arn)


def _list_executions(self):
    """ListExecutions with mapRunArn lists the children of a run; moto knows state machines only."""
    map_run = self._get_param("mapRunArn")
    if not map_run:
        return _list(self)
    status = self._get_param("statusFilter")
    found = [c for c in children.values() if c.map_run_arn == map_run and status in (None, c.status)]
    return ActionResult(
        {
            "executions": [
                {
                    "executionArn": c.exec_arn,
                    "stateMachineArn": c.state_machine_arn,
                    "mapRunArn": map_run,
                    "name": c.name,
                    "status": c.status,
                    "startDate": c.start_date,
                    **({"stopDate": c.stop_date} if c.stop_date else {}),
                }
                for c in found
            ]
        }
    )


_describe, _list = StepFunctionsParserBackend.describe_execution, responses.StepFunctionResponse.list_executions
StepFunctionsParserBackend.describe_execution = _describe_execution
responses.StepFunctionResponse.list_executions = _list_executions
