"""The cloud on this machine: MiniStack in this process, made atomic and durable.

Only these modules know MiniStack's inside; `tests/contract/test_emulator.py` holds every seam they rely on.
"""
