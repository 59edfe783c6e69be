"""S3 objects that outlive the process.

MiniStack writes each object to a file as it is stored, if told to before it is imported, and then refuses to make a
bucket that its files already hold. So it is told only after the stack has made the buckets, and reads the files then.
"""

from __future__ import annotations

from pathlib import Path

from ministack.services import s3


def persist(directory: Path) -> None:
    """Puts back the objects stored under a directory, and stores every object there from now on."""
    directory.mkdir(mode=0o700, exist_ok=True)
    s3.DATA_DIR = str(directory)
    s3.S3_PERSIST = True
    s3._load_persisted_data()
