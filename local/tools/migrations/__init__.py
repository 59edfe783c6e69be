"""Changes of stored data, in the order of their names; `local.tools.migrating` says what one is made of."""
