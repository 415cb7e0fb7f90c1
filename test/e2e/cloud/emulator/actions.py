"""Which IAM actions on which resources a request needs.

Actions, resource types and condition keys are those of the Service Authorization Reference,
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

import json
import re
import urllib.parse
from dataclasses import dataclass, field
from xml.etree import ElementTree

from moto.dynamodb.models import dynamodb_backends

from .base import ACCOUNT, REGION


@dataclass(frozen=True)
class Need:
    """One action on one resource; `context` holds the condition keys that are known."""

    action: str
    resource: str
    context: dict = field(default_factory=dict, hash=False)


def arn(service, resource):
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


def _named(service, kind, name):
    """Requests name a resource by name or by ARN."""
    return name if name.startswith("arn:") else arn(service, f"{kind}{name}")


def needs(service, environ, body):
    """The needs of a request, or None when the operation is not known here.

    service: the signing name of the request; environ: its WSGI environment; body: its bytes.
    """
    path = environ["PATH_INFO"].encode("latin-1").decode()  # WSGI: decoded, as latin-1
    query = urllib.parse.parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    if service == "s3":
        return _s3(environ, path, query, body)
    if service == "lambda":
        found = re.fullmatch(r"/2015-03-31/functions/(.+)/invocations", path)
        return [Need("lambda:InvokeFunction", _named("lambda", "function:", found[1]))] if found else None
    if service == "scheduler":
        return _scheduler(environ["REQUEST_METHOD"], path, query, body)
    if service == "monitoring":
        return _cloudwatch(environ, path, body)
    if service == "sts":
        return [] if b"GetCallerIdentity" in body else None  # every identity may ask who it is
    target = environ.get("HTTP_X_AMZ_TARGET", "")
    by_target = _BY_TARGET.get(service)
    return by_target(target.split(".")[-1], json.loads(body or b"{}")) if by_target and target else None


# ---- Amazon S3

_BUCKET_READS = {
    "uploads": "s3:ListBucketMultipartUploads",
    "versions": "s3:ListBucketVersions",
    "location": "s3:GetBucketLocation",
    "versioning": "s3:GetBucketVersioning",
    "encryption": "s3:GetEncryptionConfiguration",
    "lifecycle": "s3:GetLifecycleConfiguration",
    "policy": "s3:GetBucketPolicy",
    "tagging": "s3:GetBucketTagging",
}


def _s3(environ, path, query, body):
    method = environ["REQUEST_METHOD"]
    bucket, _, key = path.lstrip("/").partition("/")
    if not bucket:
        return [Need("s3:ListAllMyBuckets", "*")]
    if key:
        return _s3_object(method, f"arn:aws:s3:::{bucket}/{key}", query, environ)
    bucket_arn = f"arn:aws:s3:::{bucket}"
    if method == "POST" and "delete" in query:
        keys = [node.text for node in ElementTree.fromstring(body).iter() if node.tag.endswith("}Key") or node.tag == "Key"]
        return [Need("s3:DeleteObject", f"{bucket_arn}/{key}") for key in keys]
    if method in ("GET", "HEAD"):
        action = next((a for name, a in _BUCKET_READS.items() if name in query), "s3:ListBucket")
        return [Need(action, bucket_arn, {"s3:prefix": query.get("prefix", [""])[0]})]
    return None


def _s3_object(method, object_arn, query, environ):
    version = "Version" if "versionId" in query else ""
    if "tagging" in query:
        return [Need(f"s3:{method.title()}Object{version}Tagging", object_arn)]
    if method == "HEAD" or (method == "GET" and "uploadId" not in query):
        attributes = [Need("s3:GetObjectAttributes", object_arn)] if "attributes" in query else []
        return [Need(f"s3:GetObject{version}", object_arn), *attributes]
    if method == "GET":
        return [Need("s3:ListMultipartUploadParts", object_arn)]
    if method == "DELETE":
        return [Need("s3:AbortMultipartUpload" if "uploadId" in query else f"s3:DeleteObject{version}", object_arn)]
    if method == "PUT" or "uploads" in query or "uploadId" in query:
        found = [Need("s3:PutObject", object_arn)]
        if "HTTP_X_AMZ_TAGGING" in environ:
            found.append(Need("s3:PutObjectTagging", object_arn))
        if "HTTP_X_AMZ_COPY_SOURCE" in environ:
            source = urllib.parse.unquote(environ["HTTP_X_AMZ_COPY_SOURCE"]).lstrip("/").split("?versionId=")
            found.append(Need("s3:GetObjectVersion" if len(source) > 1 else "s3:GetObject", f"arn:aws:s3:::{source[0]}"))
        return found
    return None


# ---- JSON protocols: the resource is in the body

_TRANSACTION = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem", "Get": "GetItem"}


def _dynamodb(name, body):
    def need(action, request, index=""):
        table = request["TableName"].split("/")[-1]
        keys = [key for key in (_leading_key(table, request),) if key is not None]
        return Need(f"dynamodb:{action}", arn("dynamodb", f"table/{table}{index}"), {"dynamodb:LeadingKeys": keys} if keys else {})

    if name in ("TransactWriteItems", "TransactGetItems"):
        parts = [(kind, part) for item in body["TransactItems"] for kind, part in item.items()]
        return [need(_TRANSACTION[kind], part) for kind, part in parts]
    if name == "BatchWriteItem":
        requests = [(t, put) for t, several in body["RequestItems"].items() for one in several for put in one.values()]
        return [need(name, {"TableName": table, **request}) for table, request in requests]
    if name == "BatchGetItem":
        keys = [(table, key) for table, wanted in body["RequestItems"].items() for key in wanted["Keys"]]
        return [need(name, {"TableName": table, "Key": key}) for table, key in keys]
    if name == "ListTables":
        return [Need("dynamodb:ListTables", "*")]
    return [need(name, body, f"/index/{body['IndexName']}" if "IndexName" in body else "")] if "TableName" in body else None


def _leading_key(table, request):
    """The value of the partition key that a request is about, where it names one."""
    known = dynamodb_backends[ACCOUNT][REGION].tables.get(table)
    if known is None:
        return None
    attribute = known.hash_key_attr
    for holder in ("Key", "Item"):
        if holder in request:
            return next(iter(request[holder].get(attribute, {}).values()), None)
    names = request.get("ExpressionAttributeNames", {})
    for left, right in re.findall(r"(#?\w+)\s*=\s*(:\w+)", request.get("KeyConditionExpression", "")):
        if names.get(left, left) == attribute:
            return next(iter(request["ExpressionAttributeValues"][right].values()))
    return None


def _secretsmanager(name, body):
    if "SecretId" not in body:
        return None
    # An ARN ends in six random characters; policies are written for them even when the code asks by name.
    secret = body["SecretId"]
    return [Need(f"secretsmanager:{name}", secret if secret.startswith("arn:") else arn("secretsmanager", f"secret:{secret}-AAAAAA"))]


def _events(name, body):
    if name != "PutEvents":
        return None
    return [
        Need(
            "events:PutEvents",
            _named("events", "event-bus/", entry.get("EventBusName") or "default"),
            {"events:source": entry.get("Source", ""), "events:detail-type": entry.get("DetailType", "")},
        )
        for entry in body["Entries"]
    ]


def _glue(name, body):
    catalog = arn("glue", "catalog")
    if "DatabaseName" not in body:
        database = body.get("Name") or body.get("DatabaseInput", {}).get("Name")
        return [Need(f"glue:{name}", r) for r in [catalog, *([arn("glue", f"database/{database}")] if database else [])]]
    database = body["DatabaseName"]
    tables = [body.get("TableName") or body.get("TableInput", {}).get("Name") or body.get("Name")]
    if "TablesToDelete" in body:
        tables = body["TablesToDelete"]
    elif tables == [None]:
        tables = ["*"]  # GetTables: AWS asks for the tables it returns
    resources = [catalog, arn("glue", f"database/{database}"), *(arn("glue", f"table/{database}/{t}") for t in tables)]
    return [Need(f"glue:{name}", resource) for resource in resources]


def _states(name, body):
    resource = body.get("stateMachineArn") or body.get("executionArn") or body.get("mapRunArn")
    return [Need(f"states:{name}", resource)] if resource else None


def _sqs(name, body):
    return [Need(f"sqs:{name}", arn("sqs", body["QueueUrl"].split("/")[-1]))] if "QueueUrl" in body else None


def _kms(name, body):
    key = body.get("KeyId")
    return [Need(f"kms:{name}", key)] if key and ":key/" in key else None


def _logs(name, body):
    group = body.get("logGroupName")
    stream = f":log-stream:{body['logStreamName']}" if "logStreamName" in body else ""
    return [Need(f"logs:{name}", arn("logs", f"log-group:{group}{stream}"))] if group else None


def _ssm(name, body):
    return [Need(f"ssm:{name}", arn("ssm", f"parameter/{body['Name'].lstrip('/')}"))] if name == "GetParameter" else None


_BY_TARGET = {
    "dynamodb": _dynamodb,
    "secretsmanager": _secretsmanager,
    "events": _events,
    "glue": _glue,
    "states": _states,
    "sqs": _sqs,
    "kms": _kms,
    "logs": _logs,
    "ssm": _ssm,
}

# ---- other protocols


def _scheduler(method, path, query, body):
    action = {"GET": "GetSchedule", "POST": "CreateSchedule", "PUT": "UpdateSchedule", "DELETE": "DeleteSchedule"}.get(method)
    found = re.fullmatch(r"/schedules/([^/]+)", path)
    if not found or not action:
        return None
    group = query.get("groupName", [json.loads(body or b"{}").get("GroupName", "default")])[0]
    return [Need(f"scheduler:{action}", arn("scheduler", f"schedule/{group}/{found[1]}"))]


def _cloudwatch(environ, path, body):
    """Query, JSON or CBOR: the SDKs differ in what they speak to CloudWatch."""
    if environ.get("HTTP_X_AMZ_TARGET"):
        name, namespace = environ["HTTP_X_AMZ_TARGET"].split(".")[-1], json.loads(body or b"{}").get("Namespace")
    elif "/operation/" in path:
        name, namespace = path.rpartition("/")[2], None
    else:
        form = urllib.parse.parse_qs(body.decode())
        name, namespace = form.get("Action", [None])[0], form.get("Namespace", [None])[0]
    return [Need(f"cloudwatch:{name}", "*", {"cloudwatch:namespace": namespace} if namespace else {})] if name else None
