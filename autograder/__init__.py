"""What marks: takes a submission apart, runs it behind a wall, compares, reports."""
