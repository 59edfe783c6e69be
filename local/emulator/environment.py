"""What AWS clients and the emulator read from the environment."""

from __future__ import annotations

import os

ACCOUNT = "000000000000"
REGION = "us-east-1"

_SERVICES = (
    "cloudformation,dynamodb,dynamodbstreams,events,iam,kms,lambda,logs,monitoring,s3,scheduler,secretsmanager,sns,sqs,"
    "ssm,states,sts"
)
_FOREIGN = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN")
_IGNORED_PREFIXES = ("AWS_ENDPOINT_URL_", "MINISTACK_", "LOCALSTACK_")


def prepare(port: int) -> None:
    """Sets what AWS clients and MiniStack read from the environment; must come before either is imported.

    A person's own AWS settings are taken out, so that nothing here can ever reach a real account.
    """
    for name in [n for n in os.environ if n in _FOREIGN or n.startswith(_IGNORED_PREFIXES)]:
        del os.environ[name]
    os.environ.update(
        AWS_ENDPOINT_URL=f"http://127.0.0.1:{port}",
        AWS_ACCESS_KEY_ID="local",
        AWS_SECRET_ACCESS_KEY="local",  # noqa: S106 - the emulator takes anything
        AWS_REGION=REGION,
        AWS_DEFAULT_REGION=REGION,
        AWS_CONFIG_FILE=os.devnull,
        AWS_SHARED_CREDENTIALS_FILE=os.devnull,
        AWS_EC2_METADATA_DISABLED="true",
        GATEWAY_PORT=str(port),
        BIND_HOST="127.0.0.1",
        MINISTACK_HOST="127.0.0.1",
        MINISTACK_ACCOUNT_ID=ACCOUNT,
        MINISTACK_REGION=REGION,
        SERVICES=_SERVICES,
        S3_PERSIST="0",
        PERSIST_STATE="0",
        SFTP_ENABLED="0",
        IOT_MTLS_ENABLED="0",
        LOG_LEVEL="WARNING",
    )
