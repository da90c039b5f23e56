"use strict";
// Runs before the first paint, so that the page never flashes in the other theme.
(() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  let chosen = null;
  try { chosen = localStorage.getItem("theme"); } catch { /* storage is forbidden: the choice lasts as long as the page */ }
  const apply = () => {
    document.documentElement.dataset.theme = chosen ?? (dark.matches ? "dark" : "light");
    dispatchEvent(new Event("themechange"));
  };
  const toggle = () => {
    chosen = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    try { localStorage.setItem("theme", chosen); } catch { /* as above */ }
    apply();
  };
  dark.addEventListener("change", apply);
  addEventListener("DOMContentLoaded", () => document.getElementById("theme").addEventListener("click", toggle));
  apply();
})();
