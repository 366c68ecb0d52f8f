"""Write all answers of a desk as one page without names, to be read elsewhere."""

from autograder.course.readings import Kind
from autograder.desk.class_desk import ClassDesk
from autograder.desk.pages import CopyEntry, render_copy


def copy_page(desk: ClassDesk) -> str:
    """Return the page of all answers that this grader reads."""
    questions = []
    for id, question in desk.questions.items():
        entries = [
            CopyEntry(work.number, desk.answer(id, work.student), work.readings.deciding)
            for work in desk.works(id, Kind.FIRST)
        ]
        questions.append((question, entries))
    return render_copy(desk.title, questions).text
