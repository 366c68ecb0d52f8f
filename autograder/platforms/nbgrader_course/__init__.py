"""The parts of an nbgrader course of this assignment.

nbgrader keeps the gradebook, shows written answers to graders, and creates feedback. It executes no
student code: `cells.EngineGrades` grades the submission in the sandbox and writes the points into
the graded cells. `repair` restores graded cells that a student lost or duplicated, `sheets` adds
the scoring sheet under a written answer, and `collect` fills `submitted/`.
"""
