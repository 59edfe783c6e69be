"""What AWS asks for, in USD: list prices of us-east-1 on demand, without free allowances, read in November 2026.

Sources: the price pages of the services as quoted in 2026 by cloudburn.io (EventBridge, SQS), factualminds (SQS),
wring and amnic (Lambda, HTTP API), airbyte (DynamoDB, whose halved prices hold since November 2024), awsready (secrets,
logs). KMS and backup prices are those of the services' pages, not looked up again. Check them before you rely on a sum.
"""

from __future__ import annotations

DATE = "2026-11-22"
# By the million: what each unit is called, and its price.
MILLION = {
    "DynamoDB write units": 0.625,
    "DynamoDB read units": 0.125,
    "Lambda invocations": 0.20,
    "Lambda GB-seconds, arm64": 13.3334,
    "HTTP API requests": 1.00,
    "SQS requests": 0.40,
    "EventBridge events": 1.00,
    "Scheduler invocations": 1.00,
    "Step Functions transitions": 25.00,
    "S3 PUT requests": 5.00,
    "Logs, KB": 0.50,
}
# By the GB and month.
STORED = {"DynamoDB storage": 0.25, "DynamoDB point-in-time recovery": 0.20}
# By the month.
MONTHLY = {"KMS key": 1.00, "secret": 0.40, "alarm": 0.10}
