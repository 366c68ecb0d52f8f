"""Grade a class: workers, journal, policy, outputs and audit."""
