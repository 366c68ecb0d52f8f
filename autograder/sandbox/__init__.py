"""The isolated worker that runs student code, and its host."""
