"use strict";
(() => {
  const main = document.getElementById("answer");
  const help = document.getElementById("help");
  const byKey = name => document.querySelector(`[data-key="${name}"][href]`);
  const toggleHelp = () => (help.open ? help.close() : help.showModal());
  document.getElementById("open-help").addEventListener("click", toggleHelp);
  document.getElementById("close-help").addEventListener("click", () => help.close());

  const criteria = [...document.querySelectorAll(".criterion")];
  const points = document.getElementById("points");
  const comment = document.getElementById("comment");
  const status = document.getElementById("status");
  const bank = [...document.querySelectorAll("[data-comment]")];
  const canSave = Boolean(main && main.dataset.save && points);
  let queue = Promise.resolve(true);  // clicks are stored in their order
  let leaving = false;

  const isGiven = button => button.getAttribute("aria-pressed") === "true";
  const say = (text, bad) => { status.textContent = text; status.classList.toggle("bad", Boolean(bad)); };
  const numberOf = () => (points.value.trim() === "" ? null : Number(points.value.replace(",", ".")));
  const sum = () => criteria.filter(isGiven).reduce((total, b) => total + Number(b.dataset.points), 0);

  async function send(saved) {
    const body = {
      criteria: criteria.flatMap((button, place) => (isGiven(button) ? [place] : [])),
      points: numberOf(), comment: comment.value, saved,
      answer: main.dataset.answer, run: main.dataset.run,
    };
    try {
      const reply = await fetch(main.dataset.save, {
        method: "POST", keepalive: true, headers: {"Content-Type": "application/json"}, body: JSON.stringify(body),
      });
      const answer = await reply.json();
      say(answer.message, !reply.ok);
      return reply.ok ? answer : null;
    } catch {
      say("The desk does not answer. Start it again and open the address it prints. This click was not stored.", true);
      return null;
    }
  }
  const store = saved => (queue = queue.then(() => send(saved)));

  async function go(name) {
    const link = byKey(name);
    if (!link) return;
    if (await queue) location.assign(link.href);
    else queue = Promise.resolve(true);  // the error is shown once, then the grader may move on
  }

  async function save() {
    if (leaving) return;
    if (numberOf() === null) {
      say("Choose criteria or enter points first. Enter 0 for no points.", true);
      return;
    }
    leaving = true;
    const answer = await store(true);
    leaving = false;
    if (answer) location.assign(answer.next);
  }
  function toggle(button) {
    button.setAttribute("aria-pressed", String(!isGiven(button)));
    points.value = String(sum());
    store(false);
  }
  function clear() {
    criteria.forEach(button => button.setAttribute("aria-pressed", "false"));
    points.value = "0";
    store(false);
  }
  function take(button) {
    const text = button.dataset.comment;
    if (!comment.value.includes(text)) comment.value = `${comment.value.trim()} ${text}`.trim();
    store(false);
  }

  document.querySelectorAll("[data-key][href]").forEach(link => link.addEventListener("click", event => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    go(link.dataset.key);
  }));
  if (canSave) {
    criteria.forEach(button => button.addEventListener("click", () => toggle(button)));
    bank.forEach(button => button.addEventListener("click", () => take(button)));
    document.getElementById("save").addEventListener("click", save);
    points.addEventListener("change", () => store(false));
    comment.addEventListener("change", () => { if (!leaving) store(false); });
  }

  document.addEventListener("keydown", event => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || help.open) return;
    const field = event.target.closest("input, textarea");
    if (field) {
      if (event.key === "Escape") field.blur();
      else if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); save(); }
      return;
    }
    const digit = /^Digit([0-9])$/.exec(event.code);
    const isControl = event.target.closest("a, summary, button");
    let act = {
      j: () => go("next"), ArrowRight: () => go("next"), k: () => go("previous"),
      ArrowLeft: () => go("previous"), n: () => go("unread"), o: () => go("overview"),
      "?": toggleHelp,
    }[event.key];
    if (!main && event.key === "Enter" && !isControl) act = () => document.querySelector(".start")?.click();
    if (canSave && !act) {
      const button = criteria[Number(event.key) - 1];
      if (digit && event.shiftKey) { const text = bank[Number(digit[1]) - 1]; if (text) act = () => take(text); }
      else if (event.key === "0") act = clear;
      else if (button) act = () => toggle(button);
      else if (event.key === "c") act = () => comment.focus();
      else if (event.key === "p") act = () => { points.focus(); points.select(); };
      else if (event.key === "Enter" && !isControl) act = save;
      else if (event.key === "Enter" && event.target.closest(".criterion")) act = save;
    }
    if (act) { event.preventDefault(); act(); }
  });
})();
