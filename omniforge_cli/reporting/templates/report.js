"use strict";
(() => {
  const { command, arms, changes, cases } = JSON.parse(document.getElementById("data").textContent);
  const byId = new Map();
  cases.forEach((one) => byId.set(one.id, one));
  const PAGE = 40;
  const replayed = command === "replay";
  const outcomes = replayed ? { right: "as then", wrong: "changed", then: "" } : {};

  const element = (tag, className, ...children) => {
    const made = document.createElement(tag);
    if (className) made.className = className;
    if (tag === "p") made.dir = "auto";
    made.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
    return made;
  };
  const words = (...parts) => parts.filter(Boolean).join(" · ");

  const answer = (result, index) => {
    const wrong = !["right", "unlabelled", "then"].includes(result.outcome);
    const mark = element("span", `mark is-${result.outcome}`, result.mark || (outcomes[result.outcome] ?? result.outcome));
    const label = result.outcome === "then" ? "decided then" : arms.length > 1 ? element("code", "", arms[index]) : replayed ? "decided now" : "";
    const meta = words(
      result.confidence && `confidence ${result.confidence}`,
      result.latency,
      result.cached && "cached",
      result.source && `by ${result.source}`,
      result.alternative && `or ${result.alternative}`,
      result.agent && `agent ${result.agent}`,
    );
    return element(
      "div", `answer is-${result.outcome}`,
      label ? element("div", "arm-label", label) : null,
      element("div", "", element("code", wrong ? "strong" : "", result.predicted || "no answer"), " ", mark),
      element("div", "meta", meta),
      result.reason ? element("div", "aside", words(`unanswered: ${result.reason}`, result.error)) : null,
      result.repeats ? element("div", "aside", result.repeats) : null,
      result.reasoning ? element("p", "reasoning", result.reasoning) : null,
      result.question ? element("p", "aside", `asked back: ${result.question}`) : null,
      result.entities ? element("p", "aside", result.entities) : null,
    );
  };

  const card = (one, only) => {
    const answers = one.results
      .map((result, index) => (result && (!only || only.includes(index)) ? answer(result, index) : null));
    return element(
      "li", "case",
      element(
        "div", "case-head",
        element("code", "", one.id),
        one.then ? null : one.expected ? element("span", "", "expected ", element("code", "", one.expected)) : element("span", "", "without a label"),
        one.changed ? element("span", "", "arms differ") : null,
        element("span", "", (one.tags || []).join(" · ")),
      ),
      element("p", "message", one.message || "(empty message)"),
      element("div", "answers", one.then ? answer(one.then) : null, ...answers),
    );
  };

  const form = document.querySelector(".filters");
  const list = document.getElementById("case-list");
  const more = document.getElementById("more");
  const status = document.querySelector(".count");
  const choices = {
    show: [["", "all"], ["wrong", outcomes.wrong || "wrong"], ["error", "provider errors"], ["unanswered", "without an answer"], ["changed", "arms differ"], ["unstable", "repeats differ"], ["right", outcomes.right || "right"]],
    arm: [["", "any arm"], ...arms.map((name, index) => [String(index), name])],
  };
  const distinct = (values) => [...new Set(values)].filter(Boolean).sort();
  const labels = {
    expected: distinct(cases.map((one) => one.expected)),
    predicted: distinct(cases.flatMap((one) => one.results.map((result) => result && result.predicted))),
    tag: distinct(cases.flatMap((one) => one.tags || [])),
  };
  Object.entries(labels).forEach(([name, values]) => { choices[name] = [["", "any"], ...values.map((value) => [value, value])]; });
  Object.entries(choices).forEach(([name, options]) => {
    options.forEach(([value, text]) => form.elements[name].append(new Option(text, value)));
  });
  form.elements.tag.parentElement.hidden = !labels.tag.length;

  const texts = new Map();
  const textOf = (one) => {
    if (!texts.has(one)) {
      const said = one.results.flatMap((result) => (result ? [result.reasoning, result.error, result.predicted] : []));
      texts.set(one, [one.id, one.message, one.expected, ...(one.tags || []), ...said].filter(Boolean).join("\n").toLowerCase());
    }
    return texts.get(one);
  };

  const matches = (one, wanted) => {
    const asked = one.results.filter((result, index) => result && (wanted.arm === "" || Number(wanted.arm) === index));
    if (!asked.length || (wanted.expected && one.expected !== wanted.expected)) return false;
    if (wanted.tag && !(one.tags || []).includes(wanted.tag)) return false;
    if (wanted.text && !textOf(one).includes(wanted.text)) return false;
    if (wanted.show === "changed" && !one.changed) return false;
    if (wanted.show === "right" && !asked.every((result) => result.outcome === "right")) return false;
    return asked.some((result) => {
      if (wanted.predicted && result.predicted !== wanted.predicted) return false;
      if (wanted.show === "unanswered") return Boolean(result.reason || !result.predicted);
      if (wanted.show === "unstable") return Boolean(result.unstable);
      return !["wrong", "error"].includes(wanted.show) || result.outcome === wanted.show;
    });
  };

  let found = [];
  let drawn = 0;
  const draw = () => {
    list.append(...found.slice(drawn, drawn + PAGE).map((one) => card(one)));
    drawn = Math.min(drawn + PAGE, found.length);
    more.hidden = drawn >= found.length;
    more.textContent = `show ${Math.min(PAGE, found.length - drawn)} more`;
  };
  const filter = () => {
    const wanted = Object.fromEntries(["text", "show", "arm", "expected", "predicted", "tag"].map((name) => [name, form.elements[name].value]));
    wanted.text = wanted.text.trim().toLowerCase();
    found = cases.filter((one) => matches(one, wanted));
    drawn = 0;
    list.replaceChildren();
    const filtered = Object.values(wanted).some(Boolean);
    status.textContent = filtered ? `${found.length} of ${cases.length} cases ${found.length === 1 ? "matches" : "match"}` : cases.length ? `${cases.length} cases` : "";
    draw();
  };
  let waiting = 0;
  form.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(filter, 120); });
  form.addEventListener("reset", () => setTimeout(filter));
  form.addEventListener("submit", (event) => event.preventDefault());
  more.addEventListener("click", () => {
    const next = list.children.length;
    draw();
    const first = list.children[next];
    if (first) { first.tabIndex = -1; first.focus({ preventScroll: true }); }
  });

  const showCases = (arm, wanted) => {
    form.reset();
    form.elements.arm.value = arm;
    Object.entries(wanted).forEach(([name, label]) => {
      const select = form.elements[name];
      if (![...select.options].some((option) => option.value === label)) select.append(new Option(label, label));
      select.value = label;
    });
    setTimeout(() => {
      filter();
      status.tabIndex = -1;
      status.focus({ preventScroll: true });
      document.getElementById("cases").scrollIntoView();
    });
  };
  document.querySelectorAll(".confusion, .flips").forEach((table) => table.tBodies[0].addEventListener("click", (event) => {
    const cell = event.target.closest("button");
    if (!cell) return;
    const place = cell.closest("td");
    const expected = place.parentElement.cells[0].textContent;
    const now = table.matches(".flips") ? place.textContent : table.tHead.rows[0].cells[place.cellIndex].textContent;
    showCases(table.closest(".arm").dataset.arm, table.matches(".flips") && now === "no answer" ? { expected, show: "unanswered" } : { expected, predicted: now });
  }));

  document.querySelectorAll(".sortable").forEach((table) => {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => head.querySelector("button")?.addEventListener("click", () => {
      const up = head.getAttribute("aria-sort") ? head.getAttribute("aria-sort") === "descending" : true;
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const key = (row) => row.cells[column].dataset.value;
      const inWords = [...table.tBodies[0].rows].some((row) => Number.isNaN(Number(key(row))));
      const rows = [...table.tBodies[0].rows].sort((a, b) => {
        const [left, right] = [key(a), key(b)];
        if (left === "" || right === "") return (left === "") - (right === "");
        const order = inWords ? left.localeCompare(right) : Number(left) - Number(right);
        return up ? order : -order;
      });
      table.tBodies[0].append(...rows);
    }));
  });

  document.querySelectorAll(".changes").forEach((details) => details.addEventListener("toggle", () => {
    if (!details.open || details.dataset.drawn) return;
    details.dataset.drawn = "yes";
    const shown = details.closest(".comparison").dataset.arms.split(" ").filter(Boolean).map(Number);
    const ids = changes[details.dataset.comparison][details.dataset.change];
    const known = ids.filter((id) => byId.has(id));
    const absent = ids.filter((id) => !byId.has(id));
    const items = known.map((id) => card(byId.get(id), shown.length ? shown : null));
    if (absent.length) items.push(element("li", "case muted", `without details: ${absent.join(", ")}`));
    details.querySelector("ol").replaceChildren(...items);
  }));

  const armsShown = [...document.querySelectorAll(".arm")];
  const showArm = (index) => armsShown.forEach((one) => { one.hidden = one.dataset.arm !== index; });
  if (armsShown.length > 1) {
    document.querySelectorAll(".choice input").forEach((radio) => {
      radio.addEventListener("change", () => showArm(radio.value));
      if (radio.checked) showArm(radio.value);
    });
  }
  filter();
})();
