(() => {
"use strict";
// The page follows what the reader prefers until the button is pressed.
const root = document.documentElement, button = document.getElementById("theme");
const preferDark = window.matchMedia("(prefers-color-scheme: dark)");
let chosen = null;
function apply() {
  const dark = chosen ? chosen === "dark" : preferDark.matches;
  root.dataset.theme = dark ? "dark" : "light";
  button.textContent = dark ? "☀ Light" : "☾ Dark";
  button.hidden = false;
  document.dispatchEvent(new Event("themechange"));
}
button.addEventListener("click", () => { chosen = root.dataset.theme === "dark" ? "light" : "dark"; apply(); });
preferDark.addEventListener("change", apply);
apply();
})();
