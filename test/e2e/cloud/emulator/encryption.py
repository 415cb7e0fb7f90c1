"""The key permissions that a request on encrypted data needs besides its own.

S3: https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html (Permissions),
DynamoDB: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html,
Secrets Manager: https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html
Step Functions: https://docs.aws.amazon.com/step-functions/latest/dg/encryption-at-rest.html
Data under AWS managed keys needs none. Not checked: log groups, queues, topics, buses, schedules.
"""

import json
from urllib.parse import parse_qs

from moto.dynamodb.models import dynamodb_backends
from moto.kms.models import kms_backends
from moto.s3.models import s3_backends
from moto.secretsmanager.models import secretsmanager_backends
from moto.stepfunctions.exceptions import StateMachineDoesNotExist
from moto.stepfunctions.parser.models import stepfunctions_parser_backends

from . import iam
from .actions import Need
from .base import ACCOUNT, REGION


def key_needs(needs, environ):
    """The kms actions on keys that go with these needs."""
    found = []
    for need in needs:
        service, _, action = need.action.partition(":")
        if service in _FINDERS:
            key, actions, encryption_context = _FINDERS[service](action, need.resource, environ)
            context = {f"kms:EncryptionContext:{name}": value for name, value in encryption_context.items()}
            context |= {"kms:ViaService": f"{service}.{REGION}.amazonaws.com", "kms:CallerAccount": ACCOUNT}
            found += [Need(f"kms:{name}", key.arn, context) for name in actions if key]
    return found


def require_key(role_arn, need):
    """The key's policy allows the role, or leaves the decision to the account's policies and these allow it."""
    policy = find_key(need.resource).policy
    statements = (json.loads(policy) if isinstance(policy, str) else policy)["Statement"]
    root = f"arn:aws:iam::{ACCOUNT}:root"
    own = [s for s in statements if role_arn in _principals(s) or "*" in _principals(s)]
    if iam.allows([{**s, "Resource": "*"} for s in own], need.action, need.resource, need.context):
        iam.used.add((role_arn.split("/")[-1], need.action, need.resource))
        return
    delegated = [s for s in statements if root in _principals(s)]
    if iam.allows([{**s, "Resource": "*"} for s in delegated], need.action, need.resource, need.context):
        iam.require(role_arn, need.action, need.resource, need.context)
        return
    raise iam.deny(role_arn, need.action, need.resource, f"the key policy does not allow the {need.action} action")


def _principals(statement):
    principal = statement.get("Principal", {})
    named = principal if isinstance(principal, str) else principal.get("AWS", [])
    return named if isinstance(named, list) else [named]


def find_key(name):
    """The customer managed key of an id, ARN or alias; None for an AWS managed one."""
    if not name or "alias/aws/" in name:
        return None
    backend = kms_backends[ACCOUNT][REGION]
    return backend.keys.get(backend.any_id_to_key_id(name))


def _s3(action, resource, environ):
    backend = s3_backends[ACCOUNT]["aws"]
    bucket_name, _, key_name = resource.removeprefix("arn:aws:s3:::").partition("/")
    if bucket_name not in backend.buckets or action not in ("GetObject", "GetObjectVersion", "PutObject"):
        return None, [], {}
    if action != "PutObject":
        stored = backend.get_object(bucket_name, key_name)
        key = find_key(stored.kms_key_id if stored and stored.encryption == "aws:kms" else None)
        return key, ["Decrypt"], _s3_context(resource, bool(key) and stored.bucket_key_enabled)
    rule = (backend.buckets[bucket_name].encryption or {}).get("Rule") or {}
    name = rule.get("ApplyServerSideEncryptionByDefault", {}).get("KMSMasterKeyID")
    if "HTTP_X_AMZ_SERVER_SIDE_ENCRYPTION" in environ:
        name = environ.get("HTTP_X_AMZ_SERVER_SIDE_ENCRYPTION_AWS_KMS_KEY_ID")
    bucket_key = environ.get("HTTP_X_AMZ_SERVER_SIDE_ENCRYPTION_BUCKET_KEY_ENABLED", rule.get("BucketKeyEnabled"))
    # The parts of an upload are encrypted one by one and read again when it is completed.
    query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    multipart = "uploadId" in query or "uploads" in query
    actions = ["GenerateDataKey", "Decrypt"] if multipart else ["GenerateDataKey"]
    return find_key(name), actions, _s3_context(resource, bucket_key)


def _s3_context(object_arn, bucket_key):
    """With a bucket key the context is the bucket, else the object."""
    return {"aws:s3:arn": object_arn.partition("/")[0] if str(bucket_key).lower() == "true" else object_arn}


def _dynamodb(_action, resource, _environ):
    name = resource.split(":table/")[-1].split("/")[0]
    table = dynamodb_backends[ACCOUNT][REGION].tables.get(name)
    settings = (table.sse_specification or {}) if table else {}
    context = {"aws:dynamodb:tableName": name, "aws:dynamodb:subscriberId": ACCOUNT}
    return find_key(settings.get("KMSMasterKeyId")), ["Decrypt"], context


def _secretsmanager(action, resource, _environ):
    secrets = secretsmanager_backends[ACCOUNT][REGION].secrets
    secret = secrets.get(resource) or secrets.get(resource.split(":secret:")[-1][:-7])  # named by ARN or by name
    actions = {"GetSecretValue": ["Decrypt"], "PutSecretValue": ["GenerateDataKey", "Decrypt"]}.get(action, [])
    return find_key(secret.kms_key_id if secret else None), actions, {"SecretARN": secret.arn} if secret else {}


def machine_key(machine_arn):
    """The key of a state machine, and the encryption context of its executions."""
    try:
        machine = stepfunctions_parser_backends[ACCOUNT][REGION].describe_state_machine(machine_arn)
    except StateMachineDoesNotExist:
        return None, {}
    name = (getattr(machine, "encryption", None) or {}).get("KmsKeyId")
    return find_key(name), {"aws:states:stateMachineArn": machine_arn}


def _states(action, resource, _environ):
    if action != "StartExecution":
        return None, [], {}
    key, context = machine_key(resource)
    return key, ["Decrypt", "GenerateDataKey"], context


_FINDERS = {"states": _states, "s3": _s3, "dynamodb": _dynamodb, "secretsmanager": _secretsmanager}
