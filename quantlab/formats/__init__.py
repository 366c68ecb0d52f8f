"""Files of a submission: answers.json, saved models and packed models."""
