"""Write viva sheets: three short questions per student from their own submission.

    edit_rules   the small edits of a line of code; runs in the sandbox, on the student's text
    edits        the edits of one solution.py, checked and applied
    probes       short calls with numbers that fit on paper, and what a solution returns for them
    from_code    questions on codes, on an edited line, on a wrong answer
    from_files   questions on saved models, tables and bit widths
    sheet        the three questions of one student
    selection    whose sheets are written, and in which order
    run_viva     the whole class, on a worker pool
    pages        sheets, key and index as pages to print

Answers are computed: by the student's functions in the sandbox, by the reference, or from the
student's files. Nothing is guessed.
"""
