"""What an instructor hands out, and the proofs that must hold before any of it is written.

`command` is the walk; `bundle` the files in memory; `student`, `gradescope` and `course` say what
goes into each bundle; `contents`, `overlap`, `alone` and `marks` are the proofs.
"""
