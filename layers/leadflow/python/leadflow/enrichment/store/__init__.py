"""Where sources, their use and budgets, runs, jobs and enrichments are kept; a module each."""
