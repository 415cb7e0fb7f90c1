"""Where the emulated AWS listens, whose account it plays, its own API clients, and what went wrong unseen."""

import functools
import os
import sys
import threading

import boto3
from botocore.config import Config

PORT, STATE, NODE_MODULES = int(sys.argv[1]), os.path.abspath(sys.argv[2]), os.path.abspath(sys.argv[3])
ACCOUNT, REGION = "123456789012", os.environ.get("AWS_REGION", "eu-central-1")
ENDPOINT = f"http://127.0.0.1:{PORT}"  # an IP address: with a host name the SDKs put the bucket in front of it

# What AWS would only show in a log or a dead-letter queue: undelivered events, metrics that cannot be read, ...
problems: list[str] = []


@functools.lru_cache(maxsize=None)
def client(service, access_key="testing"):
    """A boto3 client of this cloud; with the access key of a role its calls are checked against that role.

    Made in a session of its own: boto3's default session may not be shared by threads.
    """
    return boto3.session.Session().client(
        service,
        region_name=REGION,
        endpoint_url=ENDPOINT,
        aws_access_key_id=access_key,
        aws_secret_access_key="secret",
        config=Config(parameter_validation=False, retries={"total_max_attempts": 1}, connect_timeout=10, read_timeout=1000),
    )


def background(work, *args):
    """Runs `work` after the current request, as a service does that answers first."""
    threading.Thread(target=work, args=args, daemon=True).start()
