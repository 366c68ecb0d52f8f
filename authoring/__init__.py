"""What an instructor runs to build, prove, release and rehearse the assignment."""
