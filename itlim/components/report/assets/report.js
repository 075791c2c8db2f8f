/* global Plotly */
// Draws the figures of a report in the reader's theme; the data are in a script element.

const figures = JSON.parse(document.getElementById("report-figures").textContent);
const dark = window.matchMedia("(prefers-color-scheme: dark)");

function saveButton(format, name) {
  return {
    name: `Save as ${format.toUpperCase()}`,
    icon: Plotly.Icons[format === "svg" ? "disk" : "camera"],
    click: (chart) => Plotly.downloadImage(chart, {
      format, filename: name, scale: format === "png" ? 2 : 1,
      width: chart.offsetWidth, height: chart.offsetHeight,
    }),
  };
}

function draw() {
  for (const place of document.querySelectorAll("[data-figure]")) {
    const figure = figures[Number(place.dataset.figure)];
    const { data, layout } = figure[dark.matches ? "dark" : "light"];
    // A saved image needs the page's color; elsewhere, the text could have that of its background.
    const ground = getComputedStyle(document.documentElement).backgroundColor;
    const drawn = { ...layout, paper_bgcolor: ground, modebar: { bgcolor: "rgba(0,0,0,0)" } };
    Plotly.react(place, data, drawn, {
      responsive: true,
      displaylogo: false,
      displayModeBar: true,
      modeBarButtons: [[saveButton("svg", figure.name), saveButton("png", figure.name)]],
    });
  }
}

dark.addEventListener("change", draw);
draw();
