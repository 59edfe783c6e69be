"""Jobs bus — sends what waits in a conversation, in its order."""

from leadflow.channels.service import delivering
from leadflow.entry.job import Job, job_worker


@job_worker
def handler(job: Job) -> None:
    delivering.work(job.id, job.has_time)
