"""Jobs bus — puts the audience of a campaign into cohorts, and what rested back to work."""

from leadflow.campaigns.service import planning
from leadflow.entry.job import Job, job_worker


@job_worker
def handler(job: Job) -> None:
    planning.work(job.id, job.has_time)
