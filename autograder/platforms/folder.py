"""A plain folder or zip: each folder and each zip file in it is one student's, named after them.

This is what `python -m autograder grade` takes one by one, and what is left when no learning
management system's manner is recognised.
"""

from autograder.intake.archive import Contents
from autograder.intake.names import quote_name, student_id
from autograder.intake.nested import is_zip
from autograder.platforms.export_entry import ExportEntry
from autograder.platforms.parsing import (
    Found,
    Reading,
    System,
    by_folder,
    contested,
    loose,
    named,
    nobodys,
    refused_at_the_top,
)


def _read(contents: Contents) -> Reading:
    found: dict[str, Found] = {}
    problems = []
    hand_ins = [(parts[0], inside) for parts, inside in by_folder(contents).items()]
    for entry in loose(contents):
        if is_zip(entry):
            hand_ins.append((entry.name, Contents((named(entry, entry.name),), ())))
    for name, inside in hand_ins:
        if not inside.files:
            continue
        one = _found(name, inside)
        if one.who.value in found:
            first = found[one.who.value]
            problem = (
                f"{quote_name(name)} is a second submission of {one.who.value}; only "
                f"{quote_name(first.handin.path)} was marked. Give one another name."
            )
            problems.append(problem)
            found[one.who.value] = contested(first, problem)
        else:
            found[one.who.value] = one
    strangers = [entry.name for entry in loose(contents) if not is_zip(entry)]
    problems += nobodys([*strangers, *refused_at_the_top(contents)])
    return Reading(tuple(found.values()), problems=tuple(problems))


def _found(name: str, contents: Contents) -> Found:
    given = name[: -len(".zip")] if name.casefold().endswith(".zip") else name
    who = student_id(given)
    handin = ExportEntry(student=who.value, path=name, members=(who.value,), lms={who.value: {}})
    return Found(handin, contents, who, (given,))


FOLDER = System("folder", lambda contents: True, _read)
