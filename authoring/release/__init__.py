"""Build what an instructor releases, and the proofs that must hold before it is written.

`command` runs everything; `bundle` holds files in memory; `student`, `gradescope` and
`course_folder` list the contents of each bundle; `contents`, `overlap`, `standalone_check`,
`notebooks` and `proofs` are the proofs.
"""
