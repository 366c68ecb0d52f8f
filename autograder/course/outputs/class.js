"use strict";
// Sorts tables by their headings' buttons, filters the students by words and by status, and applies
// a change of thresholds.
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

  // What another threshold would change: the same rules as in autograder/course/thresholds.py.
  const movement = (differences) => {
    const mean = (values) => (values.reduce((sum, value) => sum + value, 0) / values.length).toFixed(2);
    const gains = differences.filter((value) => value > 1e-9);
    const losses = differences.filter((value) => value < -1e-9).map((value) => -value);
    const parts = [];
    if (gains.length) parts.push(`${gains.length} gain ${mean(gains)}`);
    if (losses.length) parts.push(`${losses.length} lose ${mean(losses)}`);
    return parts.join(", ") || "–";
  };

  const accuracyMovement = (row, change) => {
    const { now, ramp, points, values, bonuses } = JSON.parse(row.dataset.accuracies);
    const credit = (value, index, threshold) => {
      if (ramp) return points * Math.min(1, Math.max(0, 1 - (threshold - value) / ramp));
      return value > threshold ? points + (bonuses[index] || 0) : 0;
    };
    return movement(values.map((value, i) => credit(value, i, now + change) - credit(value, i, now)));
  };

  const sizeMovement = (row, percent, sizes) => {
    const { step, steps } = JSON.parse(row.dataset.step);
    const factor = 1 + percent / 100;
    if (step) return String(sizes.filter((size) => size <= step * factor).length);
    const bonus = (size, by) =>
      Math.max(0, ...steps.filter(([limit]) => size <= limit * by).map(([, points]) => points));
    return movement(sizes.map((size) => bonus(size, factor) - bonus(size, 1)));
  };

  for (const explore of document.querySelectorAll(".explore")) {
    const table = document.getElementById(explore.dataset.table);
    const input = explore.querySelector("input");
    const rows = [...table.tBodies[0].rows];
    // The last row of the sizes has the numbers of all of them.
    const { sizes } = JSON.parse(rows[rows.length - 1].dataset.step || "{}");
    const show = () => {
      const change = input.valueAsNumber;
      for (const row of rows) {
        row.querySelector(".own").textContent = Number.isNaN(change)
          ? "–"
          : row.dataset.step
            ? sizeMovement(row, change, sizes)
            : accuracyMovement(row, change);
      }
    };
    input.addEventListener("input", show);
    explore.hidden = false;
    for (const cell of table.querySelectorAll(".own")) cell.hidden = false;
    show();
  }

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
