// Light or dark: as the system has it, unless chosen here.

const KEY = "tasker.theme";
export const THEMES = [["system", "Auto"], ["light", "Light"], ["dark", "Dark"]];

export function theme() {
  const kept = localStorage.getItem(KEY);
  return THEMES.some(([name]) => name === kept) ? kept : "system";
}

export function applyTheme(name = theme()) {
  document.documentElement.dataset.theme = name;
  if (name === "system") localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, name);
}
