"""CloudFormation with honest results.

moto skips a resource type it does not know and reports success, swallows failures, and loses Outputs after change
sets. Here an unknown type or a failing resource fails the stack, which is then rolled back, and the stack's events
say which resource and why. The reason of every other repair stands with it.
"""

import copy
import json
import time
import traceback
import uuid

from moto import settings
from moto.awslambda import lambda_backends
from moto.cloudformation import parsing
from moto.cloudformation.custom_model import CustomModel
from moto.cloudformation.exceptions import CloudFormationError, ValidationError
from moto.cloudformation.models import CloudFormationBackend, Event, cloudformation_backends
from moto.cloudformation.responses import CloudFormationResponse

from .base import ACCOUNT, REGION, background

# Types that no API of moto has: recorded, nothing is made. Anything else unknown fails the deployment.
INERT = {"AWS::CDK::Metadata"}

# Types that moto cannot update and whose update changes nothing that a test here could observe.
UPDATED_IN_NAME_ONLY = {"AWS::Logs::LogGroup", "AWS::KMS::Key"}


# ---- resources


def _class_of(resource_type):
    found = _find_class(resource_type)
    if found is None and resource_type not in INERT:
        raise ValidationError(message=f"Resource type {resource_type} is not supported by the emulated cloud")
    return found


def _watched(verb, original):
    """Creates or updates a resource, tells the stack's events, and leaves no failure unsaid."""

    def work(logical_id, resource_json, resources_map, account_id, region_name):
        resource_type = resource_json["Type"]
        if verb == "CREATE":
            _create_dependencies(resource_json, resources_map)
        try:
            made = original(logical_id, copy.deepcopy(resource_json), resources_map, account_id, region_name)
            if verb == "UPDATE" and made is None and resource_type not in INERT:
                made = resources_map[logical_id]
                if resource_type not in UPDATED_IN_NAME_ONLY and made is not None:
                    raise ValidationError(message=f"the emulated cloud cannot update a {resource_type}")
        except Exception as error:
            if not getattr(error, "told", False):  # a failing dependency has been told as itself
                traceback.print_exc()
                _tell(resources_map, logical_id, resource_type, f"{verb}_FAILED", None, f"{type(error).__name__}: {error}")
                error.told = True
            raise
        _tell(resources_map, logical_id, resource_type, f"{verb}_COMPLETE", made)
        return made

    return work


def _create_dependencies(resource_json, resources_map):
    """moto ignores DependsOn in change sets; a resource is made when it is first looked at."""
    named = resource_json.get("DependsOn", [])
    for logical_id in [named] if isinstance(named, str) else named:
        if logical_id in resources_map._resource_json_map:
            resources_map[logical_id]


def _tell(resources_map, logical_id, resource_type, status, resource, reason=None):
    stack = cloudformation_backends[ACCOUNT][REGION].get_stack(resources_map.stack_id)
    physical = str(getattr(resource, "physical_resource_id", None) or "")
    stack.events.append(Event(resources_map.stack_id, stack.name, logical_id, physical, resource_type, status, reason, None))


def _ssm_value(self, value, value_type):
    """With UsePreviousValue moto passes the value it looked up before, not the parameter's name."""
    try:
        return _parse_ssm(self, value, value_type)
    except AttributeError:
        return value


def _generated_name(resource_type, stack_name, logical_id):
    """CloudFormation shortens the names it makes to what the service takes, 64 characters or more; moto does not."""
    name = _generate_name(resource_type, stack_name, logical_id)
    if len(name) <= 64:
        return name
    suffix = name.rpartition("-")[2]
    return f"{stack_name[:24].rstrip('-')}-{logical_id[:24]}-{suffix}"


_find_class, _parse_ssm, _generate_name = (
    parsing.resource_class_from_type,
    parsing.ResourceMap.parse_ssm_parameter,
    parsing.generate_resource_name,
)
parsing.resource_class_from_type = _class_of
parsing.generate_resource_name = _generated_name
parsing.ResourceMap.parse_ssm_parameter = _ssm_value
parsing.NULL_MODELS.extend(INERT)
parsing.parse_and_create_resource = _watched("CREATE", parsing.parse_and_create_resource)
parsing.parse_and_update_resource = _watched("UPDATE", parsing.parse_and_update_resource)


# ---- change sets


def _execute_change_set(self, change_set_name, stack_name=None):
    change_set = self.describe_change_set(change_set_name)
    stack = self.stacks[change_set.stack_id]
    verb = "CREATE" if change_set.change_set_type == "CREATE" else "UPDATE"
    stack.status = f"{verb}_IN_PROGRESS"
    stack._add_stack_event(stack.status, resource_status_reason="User Initiated")
    background(_apply, self, change_set, stack, verb)


def _apply(backend, change_set, stack, verb):
    before = copy.deepcopy((stack.resource_map._template, stack.resource_map.input_parameters))
    try:
        stack.cross_stack_resources = stack.resource_map.cross_stack_resources = backend.exports
        change_set.apply()
        stack.template, stack.template_dict = change_set.template, change_set.template_dict
        stack.output_map = stack._create_output_map()
        list(stack.output_map.values())
        for export in stack.exports:
            backend.exports[export.name] = export
        change_set.execution_status, status, reason = "EXECUTE_COMPLETE", f"{verb}_COMPLETE", None
    except Exception as error:  # noqa: BLE001 - whatever a resource raised, the stack fails
        if not getattr(error, "told", False):
            traceback.print_exc()
        change_set.execution_status, reason = "EXECUTE_FAILED", f"{type(error).__name__}: {error}"
        stack.status = "ROLLBACK_IN_PROGRESS" if verb == "CREATE" else "UPDATE_ROLLBACK_IN_PROGRESS"
        stack._add_stack_event(stack.status, resource_status_reason=reason)
        status = _roll_back_creation(stack) if verb == "CREATE" else _roll_back_update(stack, before)
    stack.status = status
    stack._add_stack_event(status, resource_status_reason=reason)


def _roll_back_creation(stack):
    resources = stack.resource_map
    made = [name for name in resources._parsed_resources if name in resources._resource_json_map]
    failed = False
    for name in reversed(made):  # what was made last may depend on what was made first
        if resources._resource_json_map[name].get("DeletionPolicy") == "Retain":
            continue
        try:
            resources._delete_resource(resources._parsed_resources[name], resources._resource_json_map[name])
            del resources._parsed_resources[name]
        except Exception:  # noqa: BLE001
            traceback.print_exc()
            failed = True
    # moto makes a resource whenever one looks at it: leave only what exists.
    resources._resource_json_map = {n: r for n, r in resources._resource_json_map.items() if n in resources._parsed_resources}
    return "ROLLBACK_FAILED" if failed else "ROLLBACK_COMPLETE"


def _roll_back_update(stack, before):
    template, parameters = before
    try:
        made = stack.resource_map._parsed_resources
        current = stack.resource_map._resource_json_map
        stack.resource_map._resource_json_map = {n: r for n, r in current.items() if n in made}
        stack.resource_map.update(template, parameters)
        return "UPDATE_ROLLBACK_COMPLETE"
    except Exception:  # noqa: BLE001
        traceback.print_exc()
        return "UPDATE_ROLLBACK_FAILED"


def _delete_change_set(self, change_set_name):
    """moto answers 500 when there is none, which breaks every second deploy and diff."""
    for key in [k for k, c in self.change_sets.items() if change_set_name in (k, c.change_set_name)]:
        del self.change_sets[key]


class ChangeSetNotFound(CloudFormationError):
    code = "ChangeSetNotFound"


def _describe_change_set(self, change_set_name):
    if not any(change_set_name in (key, c.change_set_name) for key, c in self.change_sets.items()):
        raise ChangeSetNotFound(f"ChangeSet [{change_set_name}] does not exist")
    return _describe(self, change_set_name)


def _delete_stack(self, name_or_stack_id):
    """As on AWS the call succeeds and the stack fails."""
    try:
        _delete(self, name_or_stack_id)
        # A stack takes its change sets along; the next stack of its name has some of the same names.
        for key in [k for k, c in self.change_sets.items() if c.stack_id not in self.stacks]:
            del self.change_sets[key]
    except Exception as error:  # noqa: BLE001
        stack = self.get_stack(name_or_stack_id)
        stack.status = "DELETE_FAILED"
        stack._add_stack_event("DELETE_FAILED", resource_status_reason=f"{type(error).__name__}: {error}")


def _template_from_s3(self, url):
    return _from_s3(self, url.replace("://127.0.0.1:", "://localhost:"))  # moto knows its own buckets by this name only


def _param(self, name, default=None):
    """A change set is named within its stack; moto looks among those of all stacks, which mixes up concurrent deploys."""
    value = _plain_param(self, name, default)
    if name != "ChangeSetName" or self._get_action() == "CreateChangeSet":
        return value
    stack = _plain_param(self, "StackName")
    for key, change_set in list(self.cloudformation_backend.change_sets.items()):
        if value == change_set.change_set_name and stack in (change_set.stack_id, change_set.stack_name):
            return key
    return value if value.startswith("arn:") else f"{stack}/{value}"


_plain_param, CloudFormationResponse._get_param = CloudFormationResponse._get_param, _param
_describe, _delete = CloudFormationBackend.describe_change_set, CloudFormationBackend.delete_stack
_from_s3 = CloudFormationResponse._get_stack_from_s3_url
CloudFormationBackend.execute_change_set = _execute_change_set
CloudFormationBackend.delete_change_set = _delete_change_set
CloudFormationBackend.describe_change_set = _describe_change_set
CloudFormationBackend.delete_stack = _delete_stack
CloudFormationResponse._get_stack_from_s3_url = _template_from_s3


# ---- custom resources: moto ignores their failure, does not wait for their answer, and cannot update them


def custom_resource_answer(body):
    """Takes the answer of a custom resource's function."""
    answer = json.loads(body)
    stack = cloudformation_backends[ACCOUNT][REGION].get_stack(answer["StackId"])
    resource = stack.get_custom_resource(answer["LogicalResourceId"])
    resource.resource_name = answer.get("PhysicalResourceId") or resource.resource_name
    resource.failure = None if answer["Status"] == "SUCCESS" else answer.get("Reason")
    resource.set_data(answer.get("Data") or {})


def _answered(resource, seconds=60):
    until = time.monotonic() + seconds
    while not resource.is_created():
        if time.monotonic() > until:
            raise RuntimeError(f"custom resource {resource.logical_id} did not answer in {seconds} s")
        time.sleep(0.05)
    if getattr(resource, "failure", None):
        raise RuntimeError(f"custom resource {resource.logical_id} failed: {resource.failure}")
    return resource


def _custom_attribute(self, name):
    data = self.data
    if name not in data:
        raise ValidationError(message=f"custom resource {self.logical_id} returned no attribute {name}")
    return data[name]


CustomModel.get_cfn_attribute = _custom_attribute


def _created(resource_name, cloudformation_json, account_id, region_name, **kwargs):
    resource = _create_custom(resource_name, cloudformation_json, account_id, region_name, **kwargs)
    resource.request = {"StackId": kwargs["StackId"], "ResourceType": kwargs["ResourceType"]}
    resource.properties = cloudformation_json["Properties"]
    return _answered(resource)


def _updated(original_resource, new_resource_name, cloudformation_json, account_id, region_name):
    resource, properties = original_resource, cloudformation_json["Properties"]
    old, resource.properties = resource.properties, properties
    resource._finished, resource.failure = False, None
    event = {
        **resource.request,
        "RequestType": "Update",
        "RequestId": str(uuid.uuid4()),
        "ServiceToken": properties["ServiceToken"],
        "ResponseURL": f"{settings.moto_server_host()}:{settings.moto_server_port()}/cloudformation_{region_name}/cfnresponse?stack={resource.request['StackId']}",
        "LogicalResourceId": resource.logical_id,
        "PhysicalResourceId": resource.resource_name,
        "ResourceProperties": properties,
        "OldResourceProperties": old,
    }
    function = lambda_backends[account_id][region_name].get_function(properties["ServiceToken"])
    background(function.invoke, json.dumps(event), {}, {})
    return _answered(resource)


_create_custom = CustomModel.create_from_cloudformation_json
CustomModel.create_from_cloudformation_json = staticmethod(_created)
CustomModel.update_from_cloudformation_json = staticmethod(_updated)
