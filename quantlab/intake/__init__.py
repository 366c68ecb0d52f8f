"""Read a submission from a folder or an archive, under limits, without running it."""
