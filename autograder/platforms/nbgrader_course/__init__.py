"""nbgrader, with the marks of our engine: what an nbgrader course of this assignment runs.

nbgrader keeps the gradebook, shows answers to the people who mark them, and makes feedback. Nothing
of a student's is executed by it: `marks.EngineGrades`, in place of nbgrader's own executing and
counting, marks what was handed in behind the engine's wall and writes the points into the graded
cells. `repair` puts the graded cells of a notebook back where a student lost or doubled them,
`sheets` puts the marking sheet under a written answer, and `collect` fills `submitted/`.
"""
