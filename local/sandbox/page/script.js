"use strict";

const toast = document.getElementById("toast");
let hiding;

function say(text) {
  toast.textContent = text;
  toast.classList.add("shown");
  clearTimeout(hiding);
  hiding = setTimeout(() => toast.classList.remove("shown"), 4000);
}

async function ask(method, path, value) {
  const answer = await fetch(path, {
    method,
    headers: { "Content-Type": "application/json" },
    body: value === undefined ? undefined : JSON.stringify(value),
  });
  const text = await answer.text();
  const result = text ? JSON.parse(text) : {};
  if (!answer.ok) throw new Error(result.errors ? `${result.errors[0].field}: ${result.detail}` : result.detail);
  return result;
}

async function act(work) {
  try {
    say(await work());
  } catch (error) {
    say(error.message);
  }
  refresh();
}

function simulate(value) {
  return act(async () => {
    const result = await ask("POST", "/simulate", value);
    return `${value.event}: the product answered ${result.statuses.join(", ")}`;
  });
}

function filled(form) {
  const value = {};
  for (const [name, text] of new FormData(form)) {
    if (text === "") continue;
    const input = form.elements[name];
    value[name] = input.type === "number" ? Number(text) : input.type === "checkbox" ? true : text;
  }
  return value;
}

// Parts marked as live are fetched again and again, but never under the hands of somebody who uses them.
async function refresh() {
  const answer = await fetch(location.href);
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of document.querySelectorAll("[data-live]")) {
    const next = fresh.getElementById(part.id);
    if (next && next.innerHTML !== part.innerHTML && !part.contains(document.activeElement)) part.replaceWith(next);
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-event]");
  if (!button) return;
  button.blur();
  simulate({ provider: button.dataset.provider, event: button.dataset.event, message_id: button.dataset.id });
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  event.preventDefault();
  if (form.dataset.form === "simulate") simulate(filled(form));
  if (form.dataset.form === "behaviour") {
    act(async () => {
      const result = await ask("PUT", `/behaviour/${form.dataset.provider}`, filled(form));
      return `${result.provider} is now: ${result.mode}`;
    });
  }
  if (form.dataset.form === "clear" && confirm("Forget every message that was sent?")) {
    act(async () => {
      await ask("DELETE", "/sent");
      return "All messages are forgotten";
    });
  }
});

if (document.querySelector("[data-live]")) {
  setInterval(() => document.hidden || refresh().catch(() => undefined), 2000);
}
