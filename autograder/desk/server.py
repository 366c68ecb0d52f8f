"""Serve the desk on 127.0.0.1: pages by GET, clicks by POST.

    GET  /                          the questions
    GET  /KIND/QUESTION             the next unread answer, KIND is "first", "second" or "agreed"
    GET  /KIND/QUESTION/N           answer number N
    GET  /KIND/QUESTION/N/figure/M  figure M of its notebook, a PNG
    POST /KIND/QUESTION/N           one click, as JSON

Pages are made in threads, so that a slow document keeps no other page waiting, and the desk ends at
once.
"""

import asyncio
import hmac
import threading
from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from autograder.course.journal import JournalError
from autograder.course.lock import AlreadyRunning
from autograder.course.readings import Kind
from autograder.desk import pages
from autograder.desk.answers import Answer
from autograder.desk.class_desk import ClassDesk, RefusedReading, Work
from autograder.desk.gate import TOKEN, Gate, safe_headers
from autograder.desk.pages import AnswerView, Page

_LARGEST_CLICK = 64 * 1024  # bytes
_BUSY = (
    "Another command is using this class, so this was not saved. Save again when that command has "
    "ended."
)
_OTHER_RUN = (
    "The desk was started again after this page was opened, so this was not saved. Open the answer "
    "again from the overview."
)
_OTHER_ANSWER = (
    "The answer has changed since this page was opened, so this was not saved. Reload the page and "
    "read it again."
)
_T = TypeVar("_T")
_Endpoint = Callable[[Request, bytes], Response]


class Click(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Hold what the page sends for one click: also the answer and the run that it shows."""

    answer: str
    run: str
    criteria: tuple[int, ...]
    points: float | None
    comment: str
    saved: bool


class _NoSuchPage(LookupError):
    """The address names an unknown question or answer."""


def desk_app(desk: ClassDesk, gate: Gate) -> Starlette:
    """Return the application that serves a desk behind its gate."""
    server = _Server(desk, gate)
    place = "/{kind}/{question}/{number:int}"
    routes = [
        Route("/", server.guarded(server.overview), methods=["GET"]),
        Route("/{kind}/{question}", server.guarded(server.start), methods=["GET"]),
        Route(place, server.guarded(server.answer), methods=["GET"]),
        Route(place, server.guarded(server.click), methods=["POST"]),
        Route(f"{place}/figure/{{figure:int}}", server.guarded(server.figure), methods=["GET"]),
    ]
    handlers = {404: server.missing, 405: server.missing, 500: server.fault}
    return Starlette(routes=routes, exception_handlers=handlers)


class _Server:
    def __init__(self, desk: ClassDesk, gate: Gate) -> None:
        self._desk = desk
        self._gate = gate

    def guarded(self, endpoint: _Endpoint) -> Callable[[Request], Awaitable[Response]]:
        """Return an endpoint that answers only requests that pass the gate, in a thread."""

        async def answer(request: Request) -> Response:
            if (early := self._at_the_gate(request)) is not None:
                return early
            body = b""
            async for part in request.stream():
                body += part
                if len(body) > _LARGEST_CLICK:
                    return _reply("This click is too large.", 413)
            try:
                return await _in_thread(lambda: endpoint(request, body))
            except _NoSuchPage:
                return await self.missing(request, HTTPException(404))
            except JournalError as problem:
                return _page(pages.render_message("The journal can't be read", str(problem)), 500)

        return answer

    def _at_the_gate(self, request: Request) -> Response | None:
        """Return the answer to a request that the gate stops; None if it may pass."""
        if reason := self._gate.refusal(request):
            return _page(pages.render_message("Refused", reason), 403)
        token = request.query_params.get(TOKEN)
        if token is not None and (cookie := self._gate.exchange(token)):
            # not a redirect: the page that follows must come from this host to get the cookie
            reply = _page(pages.render_message("The desk opens", "It continues at /."))
            reply.headers.update({"Set-Cookie": cookie, "Refresh": "0; url=/"})
            return reply
        if not self._gate.is_known(request):
            sentence = (
                "The address in the terminal opens the desk once, in one browser. End the desk "
                "with Ctrl-C and start it again for a new address."
            )
            return _page(pages.render_message("This browser may not use the desk", sentence), 403)
        return None if token is None else _redirect("/")

    async def missing(self, request: Request, error: Exception) -> Response:
        """Return the page for an address without a page, or another method."""
        status = error.status_code if isinstance(error, HTTPException) else 404
        return _page(pages.render_message("No such page", "Return to the overview at /."), status)

    async def fault(self, request: Request, _: Exception) -> Response:
        """Return the page for an error of the desk; the terminal shows the details."""
        sentence = "The desk failed on this page. The terminal shows the details."
        return _page(pages.render_message("An error of the desk", sentence), 500)

    def overview(self, request: Request, _: bytes) -> Response:
        """Return the first page."""
        desk = self._desk
        desk.refresh()
        share, notice = desk.options.share, ""
        if (finished := request.query_params.get("finished")) in desk.questions:
            notice = f"Question {finished}: nothing is left to read here."
        words = f"part {share.number} of {share.of}" if share.of > 1 else ""
        progress = tuple(desk.progress())
        return _page(
            pages.render_overview(desk.title, desk.options.grader, words, progress, notice)
        )

    def start(self, request: Request, _: bytes) -> Response:
        """Redirect to the next unread answer of a question."""
        kind, question = self._place(request)
        self._desk.refresh()
        return _redirect(self._unread_address(kind, question, 0))

    def answer(self, request: Request, _: bytes) -> Response:
        """Return the page of one answer."""
        kind, question = self._place(request)
        self._desk.refresh()
        works = self._desk.works(question, kind)
        work = self._work(works, request)
        answer = self._desk.answer(question, work.student)
        place = works.index(work)
        address = f"/{kind}/{question}"
        unread = self._next_unread(works, kind, work.number)
        readings = work.readings
        others = [r.grader for r in readings.first if r.grader != self._desk.options.grader]
        is_open = kind is not Kind.FIRST or not (others or readings.agreed)
        view = AnswerView(
            question=self._desk.questions[question],
            kind=kind,
            number=work.number,
            run=self._gate.run,
            read=sum(self._desk.is_read(each, kind) for each in works),
            total=len(works),
            answer=answer,
            draft=work.draft,
            state=self._state(work, kind, others, answer),
            others=(*readings.first, *readings.second) if kind is Kind.AGREED else (),
            comments=self._desk.comments(question) if is_open else (),
            is_open=is_open,
            links={
                "previous": f"{address}/{works[place - 1].number}" if place else None,
                "next": f"{address}/{works[place + 1].number}" if place + 1 < len(works) else None,
                "unread": f"{address}/{unread.number}" if unread else None,
                "save": f"{address}/{work.number}" if is_open else None,
            },
            pictures=tuple(
                (f"{address}/{work.number}/figure/{number}", figure.question)
                for number, figure in enumerate(answer.figures, 1)
            ),
        )
        if unread:  # it is read while the grader thinks
            _start_thread(lambda: self._desk.answer(question, unread.student))
        return _page(pages.render_answer(view))

    def click(self, request: Request, body: bytes) -> Response:
        """Write one click, and return where to continue."""
        kind, question = self._place(request)
        work = self._work(self._desk.works(question, kind), request)
        if request.headers.get("content-type") != "application/json":
            return _reply("Expected JSON.", 415)
        try:
            click = msgspec.json.decode(body, type=Click)
            answer = self._desk.answer(question, work.student)
            if reason := self._outdated(click, answer):
                return _reply(reason, 409)
            self._desk.save(
                question,
                kind,
                work,
                click.criteria,
                click.points,
                click.comment,
                click.saved,
                answer.digest,
            )
        except (msgspec.DecodeError, RefusedReading) as problem:
            return _reply(str(problem), 422)
        except AlreadyRunning:
            return _reply(_BUSY, 409)
        except JournalError as problem:
            return _reply(str(problem), 500)
        following = self._unread_address(kind, question, work.number)
        return _reply(
            "Saved." if click.saved else "Draft stored. Press Enter to save.", 200, following
        )

    def _outdated(self, click: Click, answer: Answer) -> str:
        """Return why the page of a click shows something else than this answer, "" if it does."""
        if not hmac.compare_digest(click.run.encode(), self._gate.run.encode()):
            return _OTHER_RUN
        return "" if click.answer == answer.digest else _OTHER_ANSWER

    def figure(self, request: Request, _: bytes) -> Response:
        """Return one figure of an answer's notebook."""
        kind, question = self._place(request)
        work = self._work(self._desk.works(question, kind), request)
        answer = self._desk.answer(question, work.student)
        number = request.path_params["figure"]
        if not 1 <= number <= len(answer.figures):
            raise _NoSuchPage
        png = answer.figures[number - 1].png
        return Response(png, headers=safe_headers(), media_type="image/png")

    def _place(self, request: Request) -> tuple[Kind, str]:
        kind, question = request.path_params["kind"], request.path_params["question"]
        if kind not in tuple(Kind) or question not in self._desk.questions:
            raise _NoSuchPage
        return Kind(kind), question

    @staticmethod
    def _work(works: tuple[Work, ...], request: Request) -> Work:
        number = request.path_params["number"]
        for work in works:
            if work.number == number:
                return work
        raise _NoSuchPage

    def _next_unread(self, works: tuple[Work, ...], kind: Kind, after: int) -> Work | None:
        """Return the first unread answer after a number, else the first before it."""
        unread = [w for w in works if not self._desk.is_read(w, kind) and w.number != after]
        return next((work for work in unread if work.number > after), unread[0] if unread else None)

    def _unread_address(self, kind: Kind, question: str, after: int) -> str:
        work = self._next_unread(self._desk.works(question, kind), kind, after)
        return f"/{kind}/{question}/{work.number}" if work else f"/?finished={question}"

    def _state(self, work: Work, kind: Kind, others: list[str], answer: Answer) -> str:
        draft = work.draft
        if kind is Kind.FIRST and others:
            read = work.readings.first[-1]
            return f"{others[0]} has read this answer: {read.points:g} points. {read.comment}"
        if kind is Kind.FIRST and work.readings.agreed:
            agreed = work.readings.agreed[-1]
            return f"Agreed by {agreed.grader}: {agreed.points:g} points. {agreed.comment}"
        if draft is None:
            return "Not read yet."
        if draft.answer != answer.digest or not self._desk.is_current(draft):
            return "The documents have changed since you read them. Read the answer again."
        if not draft.saved:
            return "Draft stored. Press Enter to save."
        return f"Saved at {draft.at[11:16]} UTC on {draft.at[:10]}."


def _page(page: Page, status: int = 200) -> Response:
    return HTMLResponse(page.text, status, headers=dict(safe_headers(page.policy)))


def _redirect(address: str) -> Response:
    return RedirectResponse(address, 303, headers=dict(safe_headers()))


def _reply(message: str, status: int, following: str = "") -> Response:
    content = {"message": message, "next": following}
    return JSONResponse(content, status, headers=dict(safe_headers()))


async def _in_thread(work: Callable[[], _T]) -> _T:
    """Return what `work` returns, computed in a thread that the end of the desk does not await."""
    loop = asyncio.get_running_loop()
    result: asyncio.Future[_T] = loop.create_future()

    def set_result(value: _T | None, error: BaseException | None) -> None:
        if result.cancelled():
            return
        if error is not None:
            result.set_exception(error)
        else:
            result.set_result(value)  # type: ignore[arg-type]

    def run() -> None:
        try:
            value, error = work(), None
        except BaseException as problem:
            value, error = None, problem
        if not loop.is_closed():
            loop.call_soon_threadsafe(set_result, value, error)

    _start_thread(run)
    return await result


def _start_thread(work: Callable[[], object]) -> None:
    threading.Thread(target=work, daemon=True).start()
