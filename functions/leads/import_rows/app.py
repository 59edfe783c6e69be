"""Jobs bus, and files that were put into the bucket — makes leads of the rows of an import."""

from leadflow.entry.job import Job, job_worker
from leadflow.leads.service import importing


@job_worker
def handler(job: Job) -> None:
    importing.work(job.id, job.owner, job.has_time)
