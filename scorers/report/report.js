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

// On a phone names give way to what is drawn; the tables have them whole.
function narrow(part) {
  const most = Math.max(90, document.documentElement.clientWidth * 0.3);
  for (const [key, value] of Object.entries(part)) {
    if (key === "labelLimit") part[key] = Math.min(value, part.orient ? most * 2.5 : most);
    else if (value && typeof value === "object") narrow(value);
  }
}

function draw(night) {
  for (const [name, spec] of Object.entries(specs)) {
    narrow(spec);
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
