"""The function host: every handler in this process, behind an HTTP API that behaves like API Gateway's."""
