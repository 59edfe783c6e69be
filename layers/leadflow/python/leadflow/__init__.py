"""Leadflow: leads, enrichment, email sequences, workflows and channels. One wing per domain, on `core` and `entry`."""

import gc
import os

__version__ = "0.1.0"

if "AWS_LAMBDA_INITIALIZATION_TYPE" in os.environ:
    # On Lambda whatever is imported stays, so looking for garbage in it is for nothing; entry/startup.py lets the
    # collector run again.
    gc.disable()
