"""The grader: reads submissions, runs student code in a sandbox, compares and reports."""
