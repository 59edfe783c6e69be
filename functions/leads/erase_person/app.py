"""Jobs bus — removes what all wings keep about an erased person."""

from leadflow.entry.job import Job, job_worker
from leadflow.leads import service


@job_worker
def handler(job: Job) -> None:
    service.erase_person(job.id)
