"""Run student code in an isolated worker process: the worker and its host."""
