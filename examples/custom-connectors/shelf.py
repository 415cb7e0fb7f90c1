"""A connector written for Amazon AppFlow, in Python's standard library alone: the tables of an SQLite database.

As a Lambda function its handler is `shelf.lambda_handler`; on one machine, `python3 shelf.py` answers requests line by line.
`python3 shelf.py create FILE KEY` makes a database to try it with, for whoever holds the API key.
"""

import hashlib
import hmac
import json
import os
import re
import sqlite3
import sys
import urllib.request
from datetime import datetime, timezone

TYPES = {"INTEGER": "Long", "REAL": "Double", "TEXT": "String", "BOOLEAN": "Boolean", "DATE": "Date", "DATETIME": "DateTime"}


class Refused(Exception):
    def __init__(self, code, message):
        super().__init__(message)
        self.details = {"errorCode": code, "errorMessage": message, "retryAfterSeconds": None}


def lambda_handler(event, _context):
    try:
        answer = HANDLERS[event["type"]](event)
    except Refused as refused:
        return {"isSuccess": False, "errorDetails": refused.details}
    return {"isSuccess": True, "errorDetails": None, **answer}


# ---- configuration ----


def describe_configuration(_event):
    return {
        "connectorOwner": "Example",
        "connectorName": "Shelf",
        "connectorVersion": "1.0",
        "connectorModes": ["SOURCE", "DESTINATION"],
        "authenticationConfig": {
            "isBasicAuthSupported": False,
            "isApiKeyAuthSupported": True,
            "isOAuth2Supported": False,
            "isCustomAuthSupported": False,
            "oAuth2Defaults": None,
            "customAuthConfig": None,
        },
        "connectorRuntimeSetting": [
            {
                "key": "database",
                "dataType": "String",
                "required": True,
                "label": "Database file",
                "description": "Path of the SQLite database",
                "scope": "CONNECTOR_PROFILE",
                "connectorSuppliedValueOptions": None,
            }
        ],
        "supportedApiVersions": ["v1"],
        "operatorsSupported": [
            "PROJECTION", "EQUAL_TO", "NOT_EQUAL_TO", "LESS_THAN", "LESS_THAN_OR_EQUAL_TO", "GREATER_THAN",
            "GREATER_THAN_OR_EQUAL_TO", "BETWEEN", "CONTAINS", "NO_OP",
        ],
        "triggerFrequenciesSupported": ["BYMINUTE", "HOURLY", "DAILY", "WEEKLY", "MONTHLY", "ONCE"],
        "supportedTriggerTypes": ["SCHEDULED", "ONDEMAND"],
        "supportedWriteOperations": ["INSERT", "UPDATE", "UPSERT", "DELETE"],
        "supportedDataTransferTypes": ["RECORD"],
        "logoURL": None,
    }  # fmt: skip


def validate_settings(event):
    file = event["connectorRuntimeSettings"].get("database")
    if event["scope"] == "CONNECTOR_PROFILE" and not os.path.exists(file or ""):
        raise Refused("InvalidArgument", f"there is no database {file}")
    return {"errorsByInputField": None}


def validate_credentials(event):
    connect(event)
    return {}


# ---- entities ----


def list_entities(event):
    database = connect(event["connectorContext"])
    names = database.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'api_keys' ORDER BY name")
    entities = [entity(name) for (name,) in names]
    return {"entities": entities, "nextToken": None, "cacheControl": None}


def describe_entity(event):
    name = event["entityIdentifier"]
    fields = [field(*column) for column in columns(connect(event["connectorContext"]), name)]
    return {"entityDefinition": {"entity": entity(name), "fields": fields, "customProperties": None}, "cacheControl": None}


def entity(name):
    return {"entityIdentifier": name, "hasNestedEntities": False, "isWritable": True, "label": name, "description": None}


def field(name, kind, not_null, is_key):
    return {
        "fieldName": name,
        "dataType": TYPES.get(kind, "String"),
        "dataTypeLabel": kind,
        "label": name,
        "description": None,
        "isPrimaryKey": is_key,
        "defaultValue": None,
        "isDeprecated": False,
        "constraints": None,
        "readProperties": {
            "isRetrievable": True,
            "isNullable": not not_null and not is_key,
            "isQueryable": True,
            "isTimestampFieldForIncrementalQueries": name == "updated_at",
        },
        "writeProperties": {
            "isCreatable": True,
            "isUpdatable": not is_key,
            "isNullable": not not_null and not is_key,
            "isUpsertable": True,
            "isDefaultedOnCreate": False,
            "supportedWriteOperations": ["INSERT", "UPDATE", "UPSERT", "DELETE"],
        },
        "filterOperators": None,
        "customProperties": None,
    }


def columns(database, table):
    found = database.execute("SELECT name, type, \"notnull\", pk FROM pragma_table_info(?)", [table]).fetchall()
    if not found or table == "api_keys":
        raise Refused("ResourceNotFoundError", f"there is no table {table}")
    return [(name, kind.upper(), bool(not_null), key > 0) for name, kind, not_null, key in found]


# ---- records ----


def query_data(event):
    table, context = event["entityIdentifier"], event["connectorContext"]
    database = connect(context)
    kinds = {name: kind for name, kind, _, _ in columns(database, table)}
    names = event["selectedFieldNames"]
    for name in names:
        if name not in kinds:
            raise Refused("InvalidArgument", f"there is no column {name}")
    size = event.get("maxResults", 1000)
    where, values = translate(event.get("filterExpression"), kinds)
    listed = ", ".join(quoted(name) for name in names)
    rows = database.execute(
        f"SELECT rowid, {listed} FROM {quoted(table)} WHERE rowid > ? AND ({where}) ORDER BY rowid LIMIT ?",
        [int(event.get("nextToken") or 0), *values, size],
    ).fetchall()
    records = [json.dumps({n: spoken(v, kinds[n]) for n, v in zip(names, row[1:])}) for row in rows]
    return {"records": records, "nextToken": str(rows[-1][0]) if len(rows) == size else None}


def retrieve_data(event):
    database = connect(event["connectorContext"])
    kinds = {name: kind for name, kind, _, _ in columns(database, event["entityIdentifier"])}
    names = event["selectedFieldNames"]
    marks = ", ".join("?" for _ in event["ids"])
    rows = database.execute(
        f"SELECT {', '.join(quoted(name) for name in names)} FROM {quoted(event['entityIdentifier'])}"
        f" WHERE {quoted(event['idFieldName'])} IN ({marks})",
        event["ids"],
    )
    return {"records": [json.dumps({n: spoken(v, kinds[n]) for n, v in zip(names, row)}) for row in rows]}


def write_data(event):
    table = event["entityIdentifier"]
    database = connect(event["connectorContext"])
    known = [name for name, _, _, _ in columns(database, table)]
    keys = event.get("idFieldNames") or [name for name, _, _, key in columns(database, table) if key]
    results = []
    with database:
        for text in event["records"]:
            record = json.loads(text)
            problem = write(database, table, event["operation"], record, keys, known)
            results.append(
                {"isSuccess": problem is None, "recordId": str(record.get(keys[0]) if keys else None), "errorMessage": problem}
            )
            if problem and event.get("allOrNone"):
                database.rollback()
                raise Refused("InvalidArgument", problem)
    failed = sum(1 for result in results if not result["isSuccess"])
    if failed == 0:
        return {"writeRecordResults": results}
    details = {"errorCode": "PartialWriteFailure", "errorMessage": f"{failed} records failed", "retryAfterSeconds": None}
    return {"isSuccess": False, "errorDetails": details, "writeRecordResults": results}


def write(database, table, operation, record, keys, known):
    """What is wrong with the record, or None."""
    unknown = [name for name in record if name not in known]
    if unknown:
        return f"there is no column {unknown[0]}"
    if operation != "INSERT" and any(record.get(key) is None for key in keys):
        return f"{keys[0]} is missing"
    values = {name: int(value) if isinstance(value, bool) else value for name, value in record.items()}
    named = ", ".join(quoted(name) for name in values)
    by_key = " AND ".join(f"{quoted(key)} = :{key}" for key in keys)
    others = [name for name in values if name not in keys]
    assigned = ", ".join(f"{quoted(name)} = :{name}" for name in others)
    insert = f"INSERT INTO {quoted(table)} ({named}) VALUES ({', '.join(':' + name for name in values)})"
    update = f"UPDATE {quoted(table)} SET {assigned} WHERE {by_key}"
    try:
        if operation == "INSERT":
            database.execute(insert, values)
        elif operation == "DELETE":
            if database.execute(f"DELETE FROM {quoted(table)} WHERE {by_key}", values).rowcount == 0:
                return "there is no such record"
        elif not others or database.execute(update, values).rowcount == 0:
            if operation == "UPDATE":
                return "there is no such record"
            database.execute(insert, values)
    except sqlite3.Error as error:
        return str(error)
    return None


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def spoken(value, kind):
    return bool(value) if kind == "BOOLEAN" and value is not None else value


# ---- the filter language ----

TOKEN = re.compile(
    r"""\s*(?:(?P<word>[A-Za-z][A-Za-z0-9_.-]*)|(?P<moment>\d{4}-\d\d-\d\d(?:T[\d:.]+Z)?)|(?P<number>-?\d+(?:\.\d+)?)"""
    r"""|(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<sign><=|>=|!=|=|<|>|\(|\)))"""
)


def translate(expression, kinds):
    """SQL with its parameters, so that no value of a filter is ever part of a statement."""
    sql, values, position = [], [], 0
    wildcard = False
    while expression and position < len(expression.rstrip()):
        found = TOKEN.match(expression, position)
        if not found:
            raise Refused("InvalidArgument", f"the filter cannot be read from {expression[position:]!r} on")
        position = found.end()
        kind, token = found.lastgroup, found.group(found.lastgroup)
        if kind == "sign":
            sql.append(token)
        elif kind == "word" and token.lower() in ("and", "or", "not", "null"):
            sql.append(token)
        elif kind == "word" and token.lower() in ("true", "false"):
            sql.append("1" if token.lower() == "true" else "0")
        elif kind == "word" and token.lower() == "contains":
            sql.append("LIKE")
            wildcard = True
        elif kind == "word":
            if token not in kinds:
                raise Refused("InvalidArgument", f"there is no column {token}")
            sql.append(quoted(token))
        else:
            value = re.sub(r"\\(.)", r"\1", token[1:-1]) if kind == "text" else token
            sql.append("?")
            values.append(f"%{value}%" if wildcard else float(value) if kind == "number" else value)
            wildcard = False
    return " ".join(sql) or "1", values


# ---- credentials ----


def connect(event):
    """The database of the settings, for whoever holds one of its keys."""
    key = secret(event["credentials"]["secretArn"]).get("apiKey", "")
    database = sqlite3.connect(event["connectorRuntimeSettings"]["database"])
    digest = hashlib.sha256(key.encode()).hexdigest()
    if not database.execute("SELECT 1 FROM api_keys WHERE sha256 = ?", [digest]).fetchone():
        raise Refused("InvalidCredentials", "the database does not know this API key")
    return database


def secret(arn):
    """Secrets Manager's GetSecretValue, signed by hand: https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html"""
    region = os.environ.get("AWS_REGION", "us-east-1")
    url = os.environ.get("AWS_ENDPOINT_URL_SECRETS_MANAGER") or os.environ.get("AWS_ENDPOINT_URL")
    url = (url or f"https://secretsmanager.{region}.amazonaws.com").rstrip("/") + "/"
    parts = urllib.request.urlparse(url)
    body = json.dumps({"SecretId": arn})
    stamp = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    headers = {
        "content-type": "application/x-amz-json-1.1",
        "host": parts.netloc,
        "x-amz-date": stamp,
        "x-amz-target": "secretsmanager.GetSecretValue",
    }
    if os.environ.get("AWS_SESSION_TOKEN"):
        headers["x-amz-security-token"] = os.environ["AWS_SESSION_TOKEN"]
    names = sorted(headers)
    signed = ";".join(names)
    lines = "".join(f"{name}:{headers[name]}\n" for name in names)
    canonical = f"POST\n{parts.path}\n\n{lines}\n{signed}\n{hashlib.sha256(body.encode()).hexdigest()}"
    scope = f"{stamp[:8]}/{region}/secretsmanager/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = ("AWS4" + os.environ["AWS_SECRET_ACCESS_KEY"]).encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={os.environ['AWS_ACCESS_KEY_ID']}/{scope}, SignedHeaders={signed}, Signature={signature}"
    )
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body.encode(), headers)) as answer:
            return json.loads(json.load(answer)["SecretString"])
    except urllib.error.HTTPError as error:
        raise Refused("ResourceNotFoundError", f"the secret cannot be read: {error.read().decode()}") from error


HANDLERS = {
    "DescribeConnectorConfigurationRequest": describe_configuration,
    "ValidateConnectorRuntimeSettingsRequest": validate_settings,
    "ValidateCredentialsRequest": validate_credentials,
    "ListEntitiesRequest": list_entities,
    "DescribeEntityRequest": describe_entity,
    "QueryDataRequest": query_data,
    "RetrieveDataRequest": retrieve_data,
    "WriteDataRequest": write_data,
}


def create(file, key):
    database = sqlite3.connect(file)
    with database:
        database.execute("CREATE TABLE api_keys (sha256 TEXT PRIMARY KEY)")
        database.execute("INSERT INTO api_keys VALUES (?)", [hashlib.sha256(key.encode()).hexdigest()])
        database.execute(
            "CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT NOT NULL, amount INTEGER, price REAL,"
            " fragile BOOLEAN, updated_at DATETIME NOT NULL)"
        )
        database.executemany(
            "INSERT INTO items VALUES (?, ?, ?, ?, ?, ?)",
            [
                (1, "Teapot", 12, 24.5, 1, "2026-02-01T09:00:00.000Z"),
                (2, "Spoon", 480, 1.25, 0, "2026-02-02T10:30:00.000Z"),
                (3, "Lamp \"Moon\"", None, 61.0, 1, "2026-02-03T18:45:00.000Z"),
            ],
        )


if __name__ == "__main__":
    if sys.argv[1:2] == ["create"]:
        create(*sys.argv[2:4])
    else:
        for line in sys.stdin:
            print(json.dumps(lambda_handler(json.loads(line), None)), flush=True)
