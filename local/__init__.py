"""The one-machine mode: the whole product in one process, without an AWS account. Nothing here ships to AWS."""
