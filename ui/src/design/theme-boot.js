// Runs before the first paint. Everything else about themes is in theme.ts.
(() => {
  let choice = null;
  try {
    choice = localStorage.getItem("moorage.theme");
  } catch {
    // Storage may be switched off; the system's choice is a good one then.
  }
  const dark =
    choice === "dark" || (choice !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
})();
