"""Do the deployed policies allow what the deployed code does?

A request signed with the key of a deployed role is checked against the role's policies: action, resource and the
conditions whose keys are known here. Other requests (the tests, the cdk command line) are not checked. Not looked at:
permission boundaries, service control policies, `iam:PassRole` of the deployer.
"""

import fnmatch
import json
import threading
import uuid

from moto.iam.models import iam_backends

from .base import ACCOUNT, REGION

access_keys: dict[str, str] = {}  # access key -> role ARN
used: set[tuple[str, str, str]] = set()  # (role, action, resource) that was asked for and allowed
denied: list[dict] = []
unchecked: set[str] = set()  # requests made with a role's key whose action is not known here: a failure of the check
assumed: set[str] = set()  # conditions taken as met because their key is not known here
_lock = threading.Lock()


class Denied(Exception):
    """A role may not do it; the message is AWS's."""


def report():
    return {
        "used": sorted(used),
        "denied": list(denied),
        "unchecked": sorted(unchecked),
        "assumedConditions": sorted(assumed),
    }


def reset():
    for seen in (used, denied, unchecked, assumed):
        seen.clear()


def _role(role_arn):
    return iam_backends[ACCOUNT]["aws"].get_role(role_arn.split("/")[-1])


def assume(role_arn, service):
    """The access key of a role, made for a service that the role's trust policy must name."""
    trust = _statements(_role(role_arn).assume_role_policy_document)
    principals = [p for s in trust if s["Effect"] == "Allow" for p in _list(s.get("Principal", {}).get("Service", []))]
    if service not in principals:
        raise deny(role_arn, "sts:AssumeRole", role_arn, f"its trust policy names {principals}, not {service}")
    with _lock:
        for key, arn in access_keys.items():
            if arn == role_arn:
                return key
        key = "ASIA" + uuid.uuid4().hex[:16].upper()
        access_keys[key] = role_arn
        return key


def require(role_arn, action, resource, context=None):
    """Raises Denied, and records it, unless the role's policies allow the action."""
    if not allows(policies(role_arn), action, resource, context or {}):
        raise deny(role_arn, action, resource, f"no identity-based policy allows the {action} action")
    used.add((role_arn.split("/")[-1], action, resource))


def deny(role_arn, action, resource, reason):
    role = role_arn.split("/")[-1]
    denied.append({"role": role, "action": action, "resource": resource, "reason": reason})
    return Denied(
        f"User: arn:aws:sts::{ACCOUNT}:assumed-role/{role}/session is not authorized to perform: {action} "
        f"on resource: {resource} because {reason}"
    )


def policies(role_arn):
    """All statements of a role: inline and attached."""
    iam, name = iam_backends[ACCOUNT]["aws"], role_arn.split("/")[-1]
    documents = [iam.get_role_policy(name, policy)[1] for policy in iam.list_role_policies(name)]
    for policy in _role(role_arn).managed_policies.values():
        documents += [v.document for v in policy.versions if v.version_id == policy.default_version_id]
    return [statement for document in documents for statement in _statements(document)]


def _statements(document):
    return _list((json.loads(document) if isinstance(document, str) else document)["Statement"])


_ALWAYS = {
    "aws:PrincipalAccount": ACCOUNT,
    "aws:ResourceAccount": ACCOUNT,
    "aws:RequestedRegion": REGION,
    "aws:SecureTransport": "true",
}


def allows(statements, action, resource, context):
    """A Deny that applies wins over every Allow."""
    context = {**_ALWAYS, **context}
    applying = [s["Effect"] for s in statements if _applies(s, action, resource, context)]
    return "Deny" not in applying and "Allow" in applying


def _applies(statement, action, resource, context):
    if "Action" in statement:
        hit = matches([a.lower() for a in _list(statement["Action"])], action.lower())
    else:
        hit = not matches([a.lower() for a in _list(statement["NotAction"])], action.lower())
    if "Resource" in statement:
        hit = hit and (resource is None or matches(_list(statement["Resource"]), resource))
    elif "NotResource" in statement:
        hit = hit and not matches(_list(statement["NotResource"]), resource or "")
    return hit and _conditions(statement, context)


# Operators of a condition: (wanted pattern, value) -> bool. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
_OPERATORS = {
    "StringEquals": lambda wanted, value: wanted == value,
    "StringNotEquals": lambda wanted, value: wanted != value,
    "StringLike": lambda wanted, value: matches([wanted], value),
    "StringNotLike": lambda wanted, value: not matches([wanted], value),
    "ArnEquals": lambda wanted, value: matches([wanted], value),
    "ArnLike": lambda wanted, value: matches([wanted], value),
    "Bool": lambda wanted, value: str(wanted).lower() == str(value).lower(),
}


def _conditions(statement, context):
    """All conditions met? One on a key that is not in `context` is taken as met for an Allow, and said in `assumed`."""
    for name, tests in statement.get("Condition", {}).items():
        set_operator, _, bare = name.rpartition(":")
        operator = _OPERATORS.get(bare.removesuffix("IfExists"))
        for key, wanted in tests.items():
            if operator is None or key not in context:
                assumed.add(f"{name} {key}")
                if statement["Effect"] == "Deny":
                    return False
                continue
            combine = all if "Not" in bare else any
            met = [combine(operator(w, value) for w in _list(wanted)) for value in _list(context[key])]
            if not (any(met) if set_operator == "ForAnyValue" else all(met)):
                return False
    return True


def matches(patterns, value):
    return any(fnmatch.fnmatchcase(value, pattern.replace("[", "[[]")) for pattern in patterns)


def _list(value):
    return value if isinstance(value, list) else [value]
