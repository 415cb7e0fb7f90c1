"""CloudWatch metrics from log lines in the embedded metric format.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import json

from .base import client, problems

_TEXT_PREFIX = "\tINFO\t"  # of console.log in Lambda's text format


def extract(lines):
    """Puts the metrics of these lines; a line that means to be one and cannot be read is a problem."""
    for line in lines:
        text = line.split(_TEXT_PREFIX, 1)[-1]
        if not text.startswith("{") or '"_aws"' not in text:
            continue
        try:
            _put(json.loads(text))
        except (KeyError, TypeError, ValueError) as error:
            problems.append(f"embedded metric not readable ({type(error).__name__}: {error}): {text[:300]}")


def _put(event):
    aws = event["_aws"]
    if abs(aws["Timestamp"]) < 10**12:
        raise ValueError(f"Timestamp {aws['Timestamp']} is not in milliseconds")
    for directive in aws["CloudWatchMetrics"]:
        if len(directive["Metrics"]) > 100:
            raise ValueError("more than 100 metrics in a directive")
        for dimensions in directive["Dimensions"]:
            named = [{"Name": name, "Value": _text(event[name])} for name in dimensions]
            if len(named) > 30:
                raise ValueError("more than 30 dimensions")
            for metric in directive["Metrics"]:
                values = event[metric["Name"]]
                datum = {
                    "MetricName": metric["Name"],
                    "Dimensions": named,
                    "Timestamp": aws["Timestamp"] / 1000,
                    "Unit": metric.get("Unit", "None"),
                }
                for value in values if isinstance(values, list) else [values]:
                    client("cloudwatch").put_metric_data(
                        Namespace=directive["Namespace"], MetricData=[{**datum, "Value": _number(value)}]
                    )


def _text(value):
    if not isinstance(value, str) or not value:
        raise TypeError(f"dimension value {value!r} is not text")
    return value


def _number(value):
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"metric value {value!r} is not a number")
    return value
