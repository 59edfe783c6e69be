"""Settings every test runs under; nothing here touches AWS."""

from __future__ import annotations

import gc
import os

from hypothesis import settings

# How long an example takes says nothing on a machine that does other things too.
settings.register_profile("leadflow", deadline=None)
settings.load_profile("leadflow")
os.environ.update(
    AWS_ACCESS_KEY_ID="testing",
    AWS_SECRET_ACCESS_KEY="testing",
    AWS_DEFAULT_REGION="us-east-1",
    AWS_REGION="us-east-1",
    STAGE="local",
    TABLE_NAME="leadflow-test",
    BUCKET_NAME="leadflow-test",
    APP_SECRET_ID="leadflow-test",
    KMS_KEY_ID="alias/leadflow-test",
    PUBLIC_URL_PARAMETER="/leadflow-test/public-url",
    POWERTOOLS_SERVICE_NAME="leadflow",
    POWERTOOLS_METRICS_NAMESPACE="Leadflow",
    POWERTOOLS_METRICS_DISABLED="true",
)


def pytest_collection_finish() -> None:
    """What was loaded for all tests stays to the end; the collector need not look at it after every few objects."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
