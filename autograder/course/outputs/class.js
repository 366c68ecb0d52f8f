"use strict";
// Sorts tables by their headings' buttons, and filters the students by words and by status.
// The page is complete without this script.
{
  const number = new Intl.NumberFormat("en");
  const byText = new Intl.Collator("en", { numeric: true, sensitivity: "base" }).compare;

  // What a cell sorts by: its data-value where it has one (empty: always last), else its text.
  const keyOf = (row, column) => {
    const cell = row.cells[column];
    return cell.dataset.value === undefined ? cell.textContent.trim() : cell.dataset.value;
  };

  const sort = (table, heading, descending) => {
    const column = heading.cellIndex;
    const numeric = heading.dataset.kind === "number";
    const direction = descending ? -1 : 1;
    const keyed = [...table.tBodies[0].rows].map((row) => [keyOf(row, column), row]);
    keyed.sort(([a], [b]) => {
      if (a === "" || b === "") return (a === "") - (b === "");
      return direction * (numeric ? a - b : byText(a, b));
    });
    table.tBodies[0].append(...keyed.map(([, row]) => row));
    for (const other of heading.parentElement.cells) {
      if (other.hasAttribute("aria-sort")) other.setAttribute("aria-sort", "none");
    }
    heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
  };

  for (const table of document.querySelectorAll("table.sortable")) {
    table.tHead.addEventListener("click", (event) => {
      const heading = event.target.closest("button") && event.target.closest("th");
      if (!heading) return;
      const now = heading.getAttribute("aria-sort");
      // Numbers are asked for from the largest, names from the first letter.
      const descending = now === "none" ? heading.dataset.kind === "number" : now === "ascending";
      sort(table, heading, descending);
    });
  }

  const people = document.getElementById("people");
  const words = document.getElementById("find");
  const status = document.getElementById("status");
  const shown = document.getElementById("shown");
  const rows = [...people.tBodies[0].rows];
  const places = new Map();
  for (const row of document.querySelectorAll("[data-check]")) {
    places.set(row.dataset.check.toLowerCase(), row.dataset.place);
  }

  const matches = (row, word) => {
    const place = places.get(word);
    if (place === undefined) return row.dataset.find.includes(word);
    return row.dataset.lost.split(" ").includes(place);
  };

  const filter = () => {
    const asked = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const row of rows) {
      const wanted = !status.value || row.dataset.status.split(" ").includes(status.value);
      row.hidden = !(wanted && asked.every((word) => matches(row, word)));
      count += !row.hidden;
    }
    shown.textContent = `${number.format(count)} of ${number.format(rows.length)} students`;
  };

  words.addEventListener("input", filter);
  status.addEventListener("change", filter);
  document.getElementById("tools").hidden = false;

  // A mistake, a check or a status elsewhere on the page leads to the students whom it concerns.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-asks]");
    if (!link) return;
    words.value = link.dataset.asks;
    status.value = link.dataset.status || "";
    filter();
    words.focus({ preventScroll: true });
  });

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "/" && !event.target.closest("input, select, textarea")) {
      event.preventDefault();
      words.focus();
      words.select();
    } else if (event.key === "Escape" && event.target === words) {
      words.value = "";
      filter();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const here = event.target.closest("#people tbody tr");
      if (!here && event.target !== words) return;
      const visible = [...people.tBodies[0].rows].filter((row) => !row.hidden && row.querySelector("a"));
      const next = here
        ? visible[visible.indexOf(here) + (event.key === "ArrowDown" ? 1 : -1)]
        : event.key === "ArrowDown" && visible[0];
      if (next) {
        event.preventDefault();
        next.querySelector("a").focus();
      } else if (here && event.key === "ArrowUp") {
        words.focus();
      }
    }
  });
  filter();
}
