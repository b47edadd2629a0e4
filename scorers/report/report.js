const dark = matchMedia("(prefers-color-scheme: dark)");
const specs = JSON.parse(document.getElementById("charts").textContent);

function theme(night) {
  const ink = night ? "#e6edf3" : "#1b1f24", line = night ? "#30363d" : "#d0d7de";
  return {
    background: "transparent",
    axis: { labelColor: ink, titleColor: ink, gridColor: line, domainColor: line, tickColor: line },
    legend: { labelColor: ink, titleColor: ink },
    view: { stroke: line },
  };
}

function draw(night) {
  for (const [name, spec] of Object.entries(specs)) {
    window.vegaEmbed("#chart-" + name, spec, { actions: false, renderer: "svg", ast: true, config: theme(night) });
  }
}

// A link to folded episodes unfolds them.
function unfold() {
  const target = document.getElementById(location.hash.slice(1));
  for (let node = target; node; node = node.parentElement) if (node.tagName === "DETAILS") node.open = true;
  if (target) target.scrollIntoView();
}

for (const plot of document.querySelectorAll(".plot")) {
  if (!(plot.id.slice(6) in specs)) plot.parentElement.hidden = true;
}
dark.addEventListener("change", () => draw(dark.matches));
// Paper is white, whatever the screen is.
addEventListener("beforeprint", () => draw(false));
addEventListener("afterprint", () => draw(dark.matches));
addEventListener("hashchange", unfold);
draw(dark.matches);
unfold();
