"""Identify the documents of a submission, so that a changed report is noticed."""

import hashlib

from autograder.platforms import Export
from autograder.platforms.export_entry import ExportEntry
from quantlab.errors import UnreadableFile, UnreadableSubmission
from quantlab.intake.contents import MIB, Entry
from quantlab.intake.unused_files import could_be_report

_LARGEST = 64 * MIB
_MOST = 100  # documents; more are not read for one submission


def documents_digest(export: Export, entry: ExportEntry) -> str:
    """Return the digest of the documents of a submission, "" if it can't be read.

    It does not depend on file names, which sites change with every attempt.
    """
    try:
        with export.files(entry) as contents:
            documents = [file for file in contents.files if could_be_report(file)]
            documents.sort(key=lambda file: (len(file.parts), file.path))
            digests = sorted(map(_digest, documents[:_MOST]))
    except UnreadableSubmission:
        return ""
    return hashlib.sha256("".join(digests).encode()).hexdigest()[:16]


def _digest(file: Entry) -> str:
    try:
        content = file.read(_LARGEST)
    except UnreadableFile as problem:
        content = str(problem).encode()
    return hashlib.sha256(content).hexdigest()
