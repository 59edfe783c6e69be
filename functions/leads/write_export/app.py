"""Jobs bus — writes the file of an export that is too large for one answer."""

from leadflow.entry.job import Job, job_worker
from leadflow.leads.service import exporting


@job_worker
def handler(job: Job) -> None:
    exporting.work(job.id, job.owner, job.has_time)
