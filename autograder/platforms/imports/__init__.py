"""Rehearse the import of scores: what a course site would do with a file, before it is uploaded.

`current_gradebook` holds what the site shows now. One module per site reads that export, and
computes by the rules of the site's importer what each row of an import file would do. `rehearsal`
decides which rows may be imported.
"""
