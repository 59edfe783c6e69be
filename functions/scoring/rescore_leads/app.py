"""Jobs bus — scores all leads by settings that were changed."""

from leadflow.entry.job import Job, job_worker
from leadflow.leads.service import rescoring


@job_worker
def handler(job: Job) -> None:
    rescoring.work(job.id, job.owner, job.has_time)
