"""The outside services the sandbox plays, one module each."""
