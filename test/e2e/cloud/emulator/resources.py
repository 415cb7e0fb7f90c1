"""CloudFormation resource types that moto lacks or makes incompletely, made through this cloud's own API.

Each maker returns (physical id, attributes for GetAtt, undo). A property that a maker does not know fails the
deployment: nothing is accepted and ignored.
"""

import json
import re

from botocore.exceptions import ClientError
from moto.cloudformation import parsing
from moto.cloudformation.exceptions import ValidationError
from moto.core.common_models import CloudFormationModel
from moto.dynamodb.models.table import Table
from moto.iam.models import Role, iam_backends
from moto.kms.models import Key
from moto.kms.utils import generate_private_key
from moto.s3.models import FakeBucket

from .actions import arn
from .base import client

_models = []  # moto finds models as subclasses, which Python holds weakly


def resource_type(name, *properties, named_by=None, keeps_data=False):
    """Registers the maker of a type: make(name, properties) -> (physical id, attributes, undo).

    properties: those that the maker reads; named_by: the one that names the resource; keeps_data: an update leaves
    the resource as it is when its properties are the same but for descriptions, and otherwise fails.
    """
    known = {*properties, named_by, "Tags"}

    def register(make):
        def made(resource_name, template):
            given = template.get("Properties", {})
            unknown = sorted(set(given) - known)
            if unknown:
                raise ValidationError(message=f"{name}: the emulated cloud does not know {', '.join(unknown)}")
            return (*make(resource_name, given), given)

        class Model(CloudFormationModel):
            __module__ = "moto.cloudformation.emulated"  # moto's metaclass wants a package of its own here

            def __init__(self, physical_id, attributes, undo, given):
                self.physical_id, self.attributes, self.undo, self.given = physical_id, attributes, undo, given

            physical_resource_id = property(lambda self: self.physical_id)
            cloudformation_name_type = staticmethod(lambda: named_by or "")
            cloudformation_type = staticmethod(lambda: name)
            has_cfn_attr = classmethod(lambda cls, attribute: True)

            def is_created(self):
                return True

            def get_cfn_attribute(self, attribute):
                if attribute not in self.attributes:
                    raise ValidationError(message=f"{name}: the emulated cloud has no attribute {attribute}")
                return self.attributes[attribute]

            @classmethod
            def create_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id, region_name, **_):
                return cls(*made(resource_name, cloudformation_json))

            @classmethod
            def update_from_cloudformation_json(
                cls, original_resource, new_resource_name, cloudformation_json, account_id, region_name
            ):
                if keeps_data:
                    given = cloudformation_json.get("Properties", {})
                    changed = [k for k in {*given, *original_resource.given} if given.get(k) != original_resource.given.get(k)]
                    if set(changed) - {"Description", "Tags"}:
                        raise ValidationError(message=f"{name}: the emulated cloud cannot change {', '.join(changed)}")
                    return original_resource
                original_resource.undo()
                return cls(*made(new_resource_name if named_by else original_resource.physical_id, cloudformation_json))

            def delete(self, account_id, region_name):
                try:
                    self.undo()
                except ClientError as error:
                    if not re.search("NotFound|NoSuch|NonExist|404", str(error)):  # gone with its parent
                        raise ValidationError(message=f"{name} {self.physical_id}: {error}") from error

        Model.__name__ = name.replace("::", "")
        _models.append(Model)
        return make

    return register


def _pick(properties, *names):
    return {name: properties[name] for name in names if name in properties}


def _nothing():
    """Undoes nothing: the resource goes with what it belongs to."""


def _limited(kind, name, longest):
    if len(name) > longest:
        raise ValidationError(message=f"{kind} name {name} is longer than {longest} characters")
    return name


# ---- state and secrets


@resource_type(
    "AWS::DynamoDB::GlobalTable",
    *("KeySchema", "AttributeDefinitions", "GlobalSecondaryIndexes", "LocalSecondaryIndexes", "StreamSpecification"),
    *("BillingMode", "TimeToLiveSpecification", "SSESpecification", "Replicas", "WriteOnDemandThroughputSettings"),
    named_by="TableName",
    keeps_data=True,
)
def _global_table(name, p):
    api, replica = client("dynamodb"), p["Replicas"][0]
    key = replica.get("SSESpecification", {}).get("KMSMasterKeyId")
    encryption = {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key} if key else None
    table = api.create_table(
        TableName=name,
        BillingMode=p.get("BillingMode", "PAY_PER_REQUEST"),
        **_pick(p, "KeySchema", "AttributeDefinitions", "GlobalSecondaryIndexes", "LocalSecondaryIndexes", "StreamSpecification"),
        **({"SSESpecification": encryption} if encryption else {}),
    )["TableDescription"]
    if "TimeToLiveSpecification" in p:
        api.update_time_to_live(TableName=name, TimeToLiveSpecification=p["TimeToLiveSpecification"])
    attributes = {"Arn": table["TableArn"], "TableId": table["TableId"], "StreamArn": table.get("LatestStreamArn", "")}
    return name, attributes, lambda: api.delete_table(TableName=name)


_make_table = Table.create_from_cloudformation_json.__func__


def _table(cls, resource_name, cloudformation_json, account_id, region_name, **kwargs):
    """moto leaves out the time to live and the backups."""
    table = _make_table(cls, resource_name, cloudformation_json, account_id, region_name, **kwargs)
    properties = cloudformation_json["Properties"]
    if "TimeToLiveSpecification" in properties:
        client("dynamodb").update_time_to_live(
            TableName=resource_name, TimeToLiveSpecification=properties["TimeToLiveSpecification"]
        )
    if "PointInTimeRecoverySpecification" in properties:
        client("dynamodb").update_continuous_backups(
            TableName=resource_name,
            PointInTimeRecoverySpecification=properties["PointInTimeRecoverySpecification"],
        )
    return table


Table.create_from_cloudformation_json = classmethod(_table)

_make_key = Key.create_from_cloudformation_json.__func__


def _key(cls, resource_name, cloudformation_json, account_id, region_name, **kwargs):
    """moto makes every key one that encrypts."""
    key = _make_key(cls, resource_name, cloudformation_json, account_id, region_name, **kwargs)
    properties = cloudformation_json["Properties"]
    key.key_usage = properties.get("KeyUsage", key.key_usage)
    if properties.get("KeySpec", key.key_spec) != key.key_spec:
        key.key_spec = properties["KeySpec"]
        key.private_key = generate_private_key(key.key_spec)
    return key


Key.create_from_cloudformation_json = classmethod(_key)


@resource_type(
    "AWS::SecretsManager::Secret", "Description", "GenerateSecretString", "KmsKeyId", "SecretString", named_by="Name", keeps_data=True
)
def _secret(name, p):
    api, value = client("secretsmanager"), p.get("SecretString")
    if "GenerateSecretString" in p:
        rule = dict(p["GenerateSecretString"])
        template, key = rule.pop("SecretStringTemplate", None), rule.pop("GenerateStringKey", None)
        value = api.get_random_password(**rule)["RandomPassword"]
        if key:
            value = json.dumps({**json.loads(template), key: value})
    given = {"SecretString": value} if value is not None else {}
    secret = api.create_secret(Name=name, **given, **_pick(p, "Description", "KmsKeyId"))["ARN"]
    return secret, {"Id": secret}, lambda: api.delete_secret(SecretId=secret, ForceDeleteWithoutRecovery=True)


# ---- storage

_BUCKET_PROPERTIES = {
    *("BucketName", "BucketEncryption", "Tags", "LifecycleConfiguration", "VersioningConfiguration"),
    *("PublicAccessBlockConfiguration", "OwnershipControls", "AccessControl"),
}
_make_bucket, _delete_bucket = (
    FakeBucket.create_from_cloudformation_json.__func__,
    FakeBucket.delete_from_cloudformation_json.__func__,
)


def _bucket(cls, resource_name, cloudformation_json, account_id, region_name, **kwargs):
    """moto makes a bucket with encryption and tags only."""
    properties = cloudformation_json.get("Properties", {})
    unknown = sorted(set(properties) - _BUCKET_PROPERTIES)
    if unknown:
        raise ValidationError(message=f"AWS::S3::Bucket: the emulated cloud does not know {', '.join(unknown)}")
    bucket = _make_bucket(cls, resource_name, cloudformation_json, account_id, region_name, **kwargs)
    api = client("s3")
    if "VersioningConfiguration" in properties:
        api.put_bucket_versioning(Bucket=resource_name, VersioningConfiguration=properties["VersioningConfiguration"])
    if "LifecycleConfiguration" in properties:
        rules = [_lifecycle_rule(rule) for rule in properties["LifecycleConfiguration"]["Rules"]]
        api.put_bucket_lifecycle_configuration(Bucket=resource_name, LifecycleConfiguration={"Rules": rules})
    if "PublicAccessBlockConfiguration" in properties:
        api.put_public_access_block(
            Bucket=resource_name, PublicAccessBlockConfiguration=properties["PublicAccessBlockConfiguration"]
        )
    return bucket


def _lifecycle_rule(rule):
    known = {"Id", "Status", "Prefix", "ExpirationInDays", "AbortIncompleteMultipartUpload", "NoncurrentVersionExpiration"}
    unknown = sorted(set(rule) - known)
    if unknown:
        raise ValidationError(message=f"AWS::S3::Bucket lifecycle: the emulated cloud does not know {', '.join(unknown)}")
    made = {"Status": rule["Status"], "Filter": {"Prefix": rule.get("Prefix", "")}, **({"ID": rule["Id"]} if "Id" in rule else {})}
    if "ExpirationInDays" in rule:
        made["Expiration"] = {"Days": int(rule["ExpirationInDays"])}
    if "AbortIncompleteMultipartUpload" in rule:
        days = int(rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"])
        made["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": days}
    if "NoncurrentVersionExpiration" in rule:
        days = int(rule["NoncurrentVersionExpiration"]["NoncurrentDays"])
        made["NoncurrentVersionExpiration"] = {"NoncurrentDays": days}
    return made


def _delete_empty_bucket(cls, resource_name, cloudformation_json, account_id, region_name):
    """moto leaves a bucket with objects in place and reports its deletion."""
    if client("s3").list_object_versions(Bucket=resource_name, MaxKeys=1).keys() & {"Versions", "DeleteMarkers"}:
        raise ValidationError(message=f"The bucket {resource_name} you tried to delete is not empty")
    _delete_bucket(cls, resource_name, cloudformation_json, account_id, region_name)


FakeBucket.create_from_cloudformation_json = classmethod(_bucket)
FakeBucket.delete_from_cloudformation_json = classmethod(_delete_empty_bucket)


@resource_type("AWS::S3::BucketPolicy", "Bucket", "PolicyDocument")
def _bucket_policy(name, p):
    # moto enforces bucket policies but knows no aws:SecureTransport, and this endpoint is plain http.
    kept = [s for s in p["PolicyDocument"]["Statement"] if "aws:SecureTransport" not in json.dumps(s.get("Condition", {}))]
    if kept:
        client("s3").put_bucket_policy(Bucket=p["Bucket"], Policy=json.dumps({**p["PolicyDocument"], "Statement": kept}))
    return name, {}, lambda: client("s3").delete_bucket_policy(Bucket=p["Bucket"])


# ---- rights

_make_role, _delete_role = Role.create_from_cloudformation_json.__func__, Role.delete_from_cloudformation_json.__func__
_ROLE_PROPERTIES = {
    *("RoleName", "AssumeRolePolicyDocument", "Path", "PermissionsBoundary", "Description", "Tags", "MaxSessionDuration"),
    *("Policies", "ManagedPolicyArns"),
}


def _role(cls, resource_name, cloudformation_json, account_id, region_name, **kwargs):
    """moto ignores ManagedPolicyArns, and keeps inline policies in a form that GetRolePolicy cannot give back."""
    properties = cloudformation_json["Properties"]
    unknown = sorted(set(properties) - _ROLE_PROPERTIES)
    if unknown:
        raise ValidationError(message=f"AWS::IAM::Role: the emulated cloud does not know {', '.join(unknown)}")
    _limited("role", properties.get("RoleName", resource_name), 64)
    role = _make_role(cls, resource_name, cloudformation_json, account_id, region_name, **kwargs)
    _attach_policies(role.name, properties)
    return role


def _attach_policies(role, properties):
    for policy in properties.get("ManagedPolicyArns", []):
        client("iam").attach_role_policy(RoleName=role, PolicyArn=policy)
    for policy in properties.get("Policies", []):
        client("iam").put_role_policy(
            RoleName=role, PolicyName=policy["PolicyName"], PolicyDocument=json.dumps(policy["PolicyDocument"])
        )


def _update_role(cls, original_resource, new_resource_name, cloudformation_json, account_id, region_name):
    """moto updates the description only."""
    properties, api, name = cloudformation_json["Properties"], client("iam"), original_resource.name
    if properties.get("RoleName", name) != name:
        raise ValidationError(message=f"role {name}: the emulated cloud cannot rename a role")
    trust = json.dumps(properties["AssumeRolePolicyDocument"])
    api.update_assume_role_policy(RoleName=name, PolicyDocument=trust)
    _detach_policies(original_resource)
    _attach_policies(name, properties)
    return original_resource


def _detach_policies(role):
    for policy in list(role.managed_policies):
        client("iam").detach_role_policy(RoleName=role.name, PolicyArn=policy)


def _delete_detached_role(cls, resource_name, cloudformation_json, account_id, region_name):
    role = next(r for r in iam_backends[account_id]["aws"].roles.values() if r.name == resource_name)
    _detach_policies(role)
    _delete_role(cls, resource_name, cloudformation_json, account_id, region_name)


Role.create_from_cloudformation_json = classmethod(_role)
Role.update_from_cloudformation_json = classmethod(_update_role)
Role.delete_from_cloudformation_json = classmethod(_delete_detached_role)


# ---- catalog


@resource_type("AWS::Glue::Database", "CatalogId", "DatabaseInput", "DatabaseName", keeps_data=True)
def _database(name, p):
    api, name = client("glue"), p["DatabaseInput"].get("Name") or p.get("DatabaseName") or name.lower()
    api.create_database(DatabaseInput={**p["DatabaseInput"], "Name": name})
    return name, {}, lambda: api.delete_database(Name=name)


# ---- schedules and events


@resource_type("AWS::Scheduler::ScheduleGroup", named_by="Name")
def _schedule_group(name, _):
    api = client("scheduler")
    group = api.create_schedule_group(Name=_limited("schedule group", name, 64))["ScheduleGroupArn"]
    return name, {"Arn": group}, lambda: api.delete_schedule_group(Name=name)


_SCHEDULE = ("Description", "EndDate", "FlexibleTimeWindow", "GroupName", "KmsKeyArn", "ScheduleExpression")
_SCHEDULE += ("ScheduleExpressionTimezone", "StartDate", "State", "Target")
# https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
_EXPRESSION = r"rate\([1-9]\d* (minute|minutes|hour|hours|day|days)\)|cron\((\S+ ){5}\S+\)|at\(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\)"


@resource_type("AWS::Scheduler::Schedule", *_SCHEDULE, named_by="Name")
def _schedule(name, p):
    if not re.fullmatch(_EXPRESSION, p["ScheduleExpression"]):
        raise ValidationError(message=f"schedule {name}: {p['ScheduleExpression']} is no schedule expression")
    _limited("schedule", name, 64)
    api, group = client("scheduler"), _pick(p, "GroupName")
    schedule = api.create_schedule(Name=name, **_pick(p, *_SCHEDULE))["ScheduleArn"]
    return name, {"Arn": schedule}, lambda: api.delete_schedule(Name=name, **group)


@resource_type("AWS::SQS::QueuePolicy", "Queues", "PolicyDocument")
def _queue_policy(name, p):
    for queue in p["Queues"]:
        client("sqs").set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps(p["PolicyDocument"])})
    return name, {}, _nothing


@resource_type("AWS::SNS::Subscription", "TopicArn", "Protocol", "Endpoint")
def _subscription(_name, p):
    api = client("sns")
    subscription = api.subscribe(
        TopicArn=p["TopicArn"], Protocol=p["Protocol"], Endpoint=p["Endpoint"], ReturnSubscriptionArn=True
    )["SubscriptionArn"]
    return subscription, {"Arn": subscription}, lambda: api.unsubscribe(SubscriptionArn=subscription)


@resource_type("AWS::SNS::TopicPolicy", "Topics", "PolicyDocument")
def _topic_policy(name, p):
    for topic in p["Topics"]:
        client("sns").set_topic_attributes(
            TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps(p["PolicyDocument"])
        )
    return name, {}, _nothing


# ---- operations

_ALARM = ("ActionsEnabled", "AlarmActions", "AlarmDescription", "ComparisonOperator", "DatapointsToAlarm", "Dimensions")
_ALARM += ("EvaluateLowSampleCountPercentile", "EvaluationPeriods", "ExtendedStatistic", "InsufficientDataActions")
_ALARM += ("MetricName", "Metrics", "Namespace", "OKActions", "Period", "Statistic", "Threshold", "ThresholdMetricId")
_ALARM += ("TreatMissingData", "Unit")


@resource_type("AWS::CloudWatch::Alarm", *_ALARM, named_by="AlarmName")
def _alarm(name, p):
    api = client("cloudwatch")
    api.put_metric_alarm(AlarmName=name, **_pick(p, *_ALARM))
    return name, {"Arn": arn("cloudwatch", f"alarm:{name}")}, lambda: api.delete_alarms(AlarmNames=[name])


@resource_type("AWS::SSM::Parameter", "Description", "Type", "Value", named_by="Name")  # moto's own cannot do without a Name
def _parameter(name, p):
    api = client("ssm")
    api.put_parameter(Name=name, Value=p["Value"], Type=p["Type"], Overwrite=True)
    return name, _pick(p, "Type", "Value"), lambda: api.delete_parameter(Name=name)


@resource_type(
    "AWS::Lambda::EventInvokeConfig", "FunctionName", "Qualifier", "MaximumRetryAttempts", "MaximumEventAgeInSeconds", "DestinationConfig"
)
def _event_invoke_config(name, p):
    api, function = client("lambda"), p["FunctionName"]
    api.put_function_event_invoke_config(
        FunctionName=function, **_pick(p, "MaximumRetryAttempts", "MaximumEventAgeInSeconds", "DestinationConfig")
    )
    return name, {}, lambda: api.delete_function_event_invoke_config(FunctionName=function)


for _cached in (parsing.get_model_list, parsing.get_model_map, parsing.get_name_type_map):
    _cached.cache_clear()
