"""Jobs bus — fetches the files that came with a message."""

from leadflow.channels.service import attachments
from leadflow.entry.job import Job, job_worker


@job_worker
def handler(job: Job) -> None:
    attachments.fetch(job.id)
