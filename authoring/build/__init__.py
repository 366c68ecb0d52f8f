"""Build the student's files from the instructor's masters, and measure reference data."""
