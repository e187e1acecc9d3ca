"use strict";
(() => {
  const root = document.documentElement;
  const dark = () => root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.getElementById("theme").addEventListener("click", () => { root.dataset.theme = dark() ? "light" : "dark"; });

  // Charts: read the points back from the paths, then one crosshair for all of them and for the map.
  const WIDE = 10000, HIGH = 4000;
  const points = (d) => {
    const [x, y, ...steps] = d.match(/-?\d+/g).map(Number), xs = [x], ys = [y];
    for (let i = 0; i + 1 < steps.length; i += 2) { xs.push(xs.at(-1) + steps[i]); ys.push(ys.at(-1) + steps[i + 1]); }
    return { xs, ys };
  };
  const nearest = (xs, x) => {
    let low = 0, high = xs.length - 1;
    while (high - low > 1) { const mid = (low + high) >> 1; if (xs[mid] <= x) low = mid; else high = mid; }
    return x - xs[low] < xs[high] - x ? low : high;
  };
  const plots = [...document.querySelectorAll(".plot")].map((plot) => ({
    plot, svg: plot.firstElementChild, start: +plot.dataset.start, end: +plot.dataset.end, lines: null, hair: null, said: null,
  }));
  const linesOf = (one) => one.lines ??= [...one.svg.querySelectorAll(".line")].map((path) => ({ name: path.dataset.name, ...points(path.getAttribute("d")) }));
  const clear = (one) => { one.hair?.remove(); one.said?.remove(); one.hair = one.said = null; };
  const show = (one, time, speak) => {
    const share = (time - one.start) / (one.end - one.start);
    if (share < 0 || share > 1) return clear(one);
    if (!one.hair) { one.hair = document.createElement("div"); one.hair.className = "hair"; one.plot.append(one.hair); }
    one.hair.style.left = share * 100 + "%";
    if (!speak) { one.said?.remove(); one.said = null; return; }
    if (!one.said) { one.said = document.createElement("div"); one.said.className = "said"; one.plot.append(one.said); }
    const { lo, hi, unit, digits } = one.svg.dataset, words = [new Date(time).toISOString().slice(11, 19) + " UTC"];
    for (const line of linesOf(one)) {
      const value = +hi - line.ys[nearest(line.xs, share * WIDE)] / HIGH * (hi - lo);
      words.push((line.name ? line.name + " " : "") + value.toFixed(+digits) + " " + unit);
    }
    one.said.textContent = words.join("\n");
    one.said.style.left = share < .75 ? `calc(${share * 100}% + 8px)` : "auto";
    one.said.style.right = share < .75 ? "auto" : `calc(${(1 - share) * 100}% + 8px)`;
  };
  const here = document.getElementById("here"), packed = document.getElementById("positions");
  const track = packed && JSON.parse(packed.textContent), times = [];
  if (track) for (let i = 0; i < track.s_x_y.length; i += 3) times.push(track.s_x_y[i]);
  const place = (time) => {
    if (!here || !track) return;
    const at = 3 * nearest(times, (time - track.start) / 1000);
    here.setAttribute("cx", track.s_x_y[at + 1]); here.setAttribute("cy", track.s_x_y[at + 2]);
  };
  if (track) { here.setAttribute("cx", track.s_x_y.at(-2)); here.setAttribute("cy", track.s_x_y.at(-1)); }
  for (const one of plots) {
    one.plot.addEventListener("pointermove", (event) => {
      const box = one.plot.getBoundingClientRect(), share = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
      const time = one.start + share * (one.end - one.start);
      for (const other of plots) show(other, time, other === one);
      place(time);
    });
    one.plot.addEventListener("pointerleave", () => plots.forEach(clear));
  }

  // Tables: click a heading to sort, type to filter.
  const number = (words) => { const found = words.replace(/,/g, "").replace("−", "-").match(/^-?\d+(\.\d+)?(?=$|\s|%)/); return found ? +found[0] : null; };
  for (const box of document.querySelectorAll(".grid")) {
    const body = box.querySelector("tbody"), heads = [...box.querySelectorAll("th")], find = box.querySelector("input");
    if (!body) continue;
    find?.addEventListener("input", () => {
      const wanted = find.value.toLowerCase();
      for (const row of body.rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
    });
    heads.forEach((head, index) => {
      const sort = () => {
        const way = head.dataset.sort === "1" ? -1 : 1;
        for (const other of heads) delete other.dataset.sort;
        head.dataset.sort = way;
        const keyed = [...body.rows].map((row) => { const cell = row.cells[index], words = cell.textContent; return { row, words, value: cell.dataset.v ? +cell.dataset.v : number(words) }; });
        keyed.sort((a, b) => way * (a.value !== null && b.value !== null ? a.value - b.value : a.words.localeCompare(b.words)));
        body.append(...keyed.map((one) => one.row));
      };
      head.addEventListener("click", sort);
      head.addEventListener("keydown", (event) => { if (event.key === "Enter") sort(); });
    });
  }

  // The heading in view.
  const links = new Map([...document.querySelectorAll("nav a")].map((link) => [link.hash.slice(1), link]));
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) if (entry.isIntersecting) { links.forEach((link) => link.classList.remove("on")); links.get(entry.target.id)?.classList.add("on"); }
  }, { rootMargin: "-20% 0px -70% 0px" });
  document.querySelectorAll("section").forEach((section) => seen.observe(section));
})();
