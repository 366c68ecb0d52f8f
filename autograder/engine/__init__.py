"""What checks need: rubric, reference, student code in the sandbox, measured models."""
