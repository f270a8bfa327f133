// Comfort only: every page does its work without it.
"use strict";

async function copy(field) {
  if (navigator.clipboard) return navigator.clipboard.writeText(field.value);
  field.select(); // on a page without https
  if (!document.execCommand("copy")) throw new Error("not copied");
}

// The year month by month is a long way on a phone.
if (matchMedia("(max-width: 40rem)").matches) {
  for (const month of document.querySelectorAll("details.fold:not(.now)")) month.open = false;
}

for (const button of document.querySelectorAll("button[data-copy]")) {
  const field = document.getElementById(button.dataset.copy);
  const words = button.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await copy(field);
      button.textContent = button.dataset.done || "✓";
    } catch {
      field.select();
      button.textContent = button.dataset.failed || "Ctrl+C";
    }
    setTimeout(() => { button.textContent = words; }, 3000);
  });
}
