"""GET /openapi.json — the OpenAPI 3.1 document of this API."""

from leadflow.entry.api import endpoint
from leadflow.entry.documents import document
from leadflow.entry.http import JSON, Request, Response
from leadflow.platform import pages


@endpoint(scope=None, produces=JSON)
def handler(request: Request) -> Response:
    """It is generated from the code when the product is built."""
    return document(request, pages.openapi_json(), JSON)
