"""POST /forms/{form_id} — a form that somebody filled in on a website (public)."""

from typing import Any

from leadflow.entry import posted
from leadflow.entry.api import endpoint
from leadflow.entry.http import Request
from leadflow.leads.service import forms


@endpoint(scope=None, returns="Submission", origins=forms.origins)
def handler(form_id: str, request: Request) -> dict[str, Any]:
    """Takes JSON and both encodings of HTML forms, up to 64 KB; `email` is needed.

    A new address becomes a lead with source `website`, of one on file only empty fields are filled. The answer does
    not tell which it was. `_visitor` names visits of who was not known until now. Other websites may post as far as
    the form's `allowed_origins` go.
    """
    token = request.header("idempotency-key")
    return forms.submit(form_id, posted.fields(request), sender=request.source_ip, token=token)
