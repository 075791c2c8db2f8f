// The theme of the page around a view.

/** "dark" if the page's background is dark, otherwise "light". */
export function themeOf(root) {
  const background = getComputedStyle(root).getPropertyValue("--st-background-color").trim();
  const hex = /^#([0-9a-f]{6})/i.exec(background);
  const channels = hex
    ? [0, 2, 4].map((at) => parseInt(hex[1].slice(at, at + 2), 16))
    : (background.match(/[\d.]+/g) ?? [255, 255, 255]).map(Number);
  const [red, green, blue] = channels;
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue < 110 ? "dark" : "light";
}
