// Points on a canvas: drawing, zooming, and finding the one below the pointer.

const fullTurn = 2 * Math.PI;

/** The pixels of a disc and how much of each it covers, from 0 to 1. */
function disc(radius) {
  const reach = Math.ceil(radius);
  const pixels = [];
  for (let dy = -reach; dy <= reach; dy++) {
    for (let dx = -reach; dx <= reach; dx++) {
      const cover = Math.min(1, radius + 0.5 - Math.hypot(dx, dy));
      if (cover > 0) pixels.push({ dx, dy, cover });
    }
  }
  return pixels;
}

/** Lays a color over a pixel of an image. */
function blend(data, index, red, green, blue, opacity) {
  const below = (data[index + 3] / 255) * (1 - opacity);
  const sum = opacity + below;
  data[index] = (red * opacity + data[index] * below) / sum;
  data[index + 1] = (green * opacity + data[index + 1] * below) / sum;
  data[index + 2] = (blue * opacity + data[index + 2] * below) / sum;
  data[index + 3] = 255 * sum;
}

export class Plane {
  /** `{x, y, group, …}`; `group` is an index of the colors, which are `#rrggbb`. */
  #points = [];
  #colors = [];
  /** The only group that is not faint; all without it. */
  #only;
  #lit = { query: undefined, hits: [] };
  #open;
  #hovered;
  #view = { zoom: 1, x: 0, y: 0 };
  #bounds = { x: 0, y: 0, width: 1, height: 1 };
  #layer = document.createElement("canvas");
  #isStale = true;
  #pointers = new Map();
  #isPending = false;

  /**
   * @param canvas fills its parent
   * @param events `hover(point, x, y)`, also when the point moves; `select(point)`, `zoomed(isZoomed)`
   */
  constructor(canvas, events) {
    this.canvas = canvas;
    this.events = events;
    new ResizeObserver(() => this.#redraw(true)).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#redraw(true));
    canvas.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    canvas.addEventListener("pointerup", (event) => this.#up(event));
    canvas.addEventListener("pointercancel", (event) => this.#pointers.delete(event.pointerId));
    canvas.addEventListener("pointerleave", () => this.#hover(undefined));
    canvas.addEventListener("keydown", (event) => this.#key(event));
  }

  /** Shows other points, all of them. */
  setPoints(points) {
    this.#points = points;
    this.#hovered = undefined;
    const xs = points.map(({ x }) => x);
    const ys = points.map(({ y }) => y);
    const range = (values) => {
      const low = values.reduce((a, b) => Math.min(a, b), Infinity);
      const high = values.reduce((a, b) => Math.max(a, b), -Infinity);
      return values.length ? [low, high - low || 1] : [0, 1];
    };
    const [x, width] = range(xs);
    const [y, height] = range(ys);
    this.#bounds = { x, y, width, height };
    this.reset();
  }

  setColors(colors, only) {
    this.#colors = colors;
    this.#only = only;
    this.#redraw(true);
  }

  /** Lights the query, `{x, y}` or nothing, and hits, the best first. */
  light(query, hits) {
    this.#lit = { query, hits };
    this.#redraw(true);
  }

  /** Rings the document that is open; `point` is its place if it is neither a point nor a hit. */
  markOpen(id, point) {
    this.#open = this.#all().findLast((one) => one.id === id) ?? point;
    this.#redraw(false);
  }

  /** Whether a document has a place. */
  has(id) { return this.#all().some((one) => one.id === id); }

  reset() {
    this.#view = { zoom: 1, x: 0, y: 0 };
    this.#follow(false);
  }

  /** The point that is pointed at, by pointer or keyboard. */
  get hovered() { return this.#hovered; }

  // Places: of the data, and of the canvas in CSS pixels.

  /** From the data to the canvas: `[left + x * scale, top - y * scale]`. */
  #transform() {
    const margin = 26;
    const { clientWidth, clientHeight } = this.canvas;
    const { x, y, width, height } = this.#bounds;
    const scale = this.#view.zoom * Math.max(1e-9, Math.min(
      (clientWidth - 2 * margin) / width, (clientHeight - 2 * margin) / height));
    return {
      scale,
      left: clientWidth / 2 - (x + width / 2) * scale + this.#view.x,
      top: clientHeight / 2 + (y + height / 2) * scale + this.#view.y,
    };
  }

  #place({ x, y }, { scale, left, top } = this.#transform()) {
    return [left + x * scale, top - y * scale];
  }

  #all() { return [...this.#points, ...this.#lit.hits]; }

  #nearest(x, y, most) {
    let best;
    let least = most * most;
    const transform = this.#transform();
    for (const point of this.#all()) {
      const [px, py] = this.#place(point, transform);
      const distance = (px - x) ** 2 + (py - y) ** 2;
      if (distance <= least) [best, least] = [point, distance];
    }
    return best;
  }

  // Drawing. The points are kept in a layer, which most changes leave as it is.

  #redraw(isStale) {
    this.#isStale ||= isStale;
    if (this.#isPending) return;
    this.#isPending = true;
    requestAnimationFrame(() => {
      this.#isPending = false;
      this.#draw();
    });
  }

  #draw() {
    const { canvas } = this;
    const ratio = devicePixelRatio || 1;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (width === 0 || height === 0) return;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      for (const one of [canvas, this.#layer]) {
        one.width = Math.round(width * ratio);
        one.height = Math.round(height * ratio);
      }
      this.#isStale = true;
    }
    if (this.#isStale) this.#drawPoints(ratio);
    this.#isStale = false;
    const context = canvas.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.drawImage(this.#layer, 0, 0);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.#drawLit(context);
  }

  #drawPoints(ratio) {
    const context = this.#layer.getContext("2d");
    const { width, height } = this.#layer;
    const crowd = Math.sqrt(Math.max(1, this.#points.length));
    const size = Math.min(width, height) / ratio;
    const radius = ratio * Math.max(1, Math.min(4, 150 / crowd) * Math.min(1, (size / 600) ** 0.6))
      * Math.min(2, this.#view.zoom ** 0.35);
    const isLit = this.#lit.hits.length > 0 || this.#lit.query;
    const opacity = this.#colors.map((_, group) =>
      this.#only !== undefined && this.#only !== group ? 0.07 : isLit ? 0.45 : 0.8);
    const paints = this.#colors.map((color) =>
      [1, 3, 5].map((start) => parseInt(color.slice(start, start + 2), 16)));
    // Pixel by pixel: twenty thousand circles or images take a canvas ten times as long.
    const image = context.createImageData(width, height);
    const { data } = image;
    const pixels = disc(radius);
    const { scale, left, top } = this.#transform();
    for (const { x, y, group } of this.#points) {
      const column = Math.round((left + x * scale) * ratio);
      const row = Math.round((top - y * scale) * ratio);
      if (column < -radius || row < -radius || column > width + radius || row > height + radius) continue;
      const [red, green, blue] = paints[group];
      for (const { dx, dy, cover } of pixels) {
        const px = column + dx;
        const py = row + dy;
        if (px < 0 || py < 0 || px >= width || py >= height) continue;
        blend(data, 4 * (py * width + px), red, green, blue, cover * opacity[group]);
      }
    }
    context.putImageData(image, 0, 0);
  }

  #drawLit(context) {
    const style = getComputedStyle(this.canvas);
    const color = (name) => style.getPropertyValue(`--${name}`);
    const { query, hits } = this.#lit;
    const center = query && this.#place(query);
    const circle = ([x, y], radius) => {
      context.beginPath();
      context.arc(x, y, radius, 0, fullTurn);
    };
    if (center) {
      context.strokeStyle = color("dense");
      context.globalAlpha = 0.35;
      context.lineWidth = 1;
      context.beginPath();
      for (const hit of hits) {
        context.moveTo(...center);
        context.lineTo(...this.#place(hit));
      }
      context.stroke();
      context.globalAlpha = 1;
    }
    // The best are on top.
    [...hits].reverse().forEach((hit, index) => {
      const rank = hits.length - index;
      circle(this.#place(hit), rank <= 3 ? 6.5 : 5);
      context.fillStyle = color("accent");
      context.strokeStyle = color("surface");
      context.lineWidth = 2;
      context.fill();
      context.stroke();
    });
    if (center) {
      const [x, y] = center;
      context.beginPath();
      for (const [dx, dy] of [[0, -9], [9, 0], [0, 9], [-9, 0]]) context.lineTo(x + dx, y + dy);
      context.closePath();
      context.fillStyle = color("lexical");
      context.strokeStyle = color("surface");
      context.lineWidth = 2.5;
      context.fill();
      context.stroke();
    }
    for (const point of [this.#open, this.#hovered]) {
      if (!point) continue;
      circle(this.#place(point), 9.5);
      context.strokeStyle = color("text");
      context.lineWidth = 2;
      context.stroke();
    }
  }

  // Pointers, wheel and keys.

  #at(event) {
    const box = this.canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  /** Zooms so that a place of the canvas stays where it is. */
  zoom(factor, x = this.canvas.clientWidth / 2, y = this.canvas.clientHeight / 2) {
    const zoom = Math.max(1, Math.min(400, this.#view.zoom * factor));
    const change = zoom / this.#view.zoom;
    const [fromX, fromY] = [x - this.canvas.clientWidth / 2, y - this.canvas.clientHeight / 2];
    this.#view = zoom === 1 ? { zoom, x: 0, y: 0 } : {
      zoom,
      x: fromX - (fromX - this.#view.x) * change,
      y: fromY - (fromY - this.#view.y) * change,
    };
    this.#follow(zoom > 1);
  }

  #follow(isZoomed) {
    this.canvas.classList.toggle("zoomed", isZoomed);
    this.events.zoomed(isZoomed);
    if (this.#hovered) this.events.hover(this.#hovered, ...this.#place(this.#hovered));
    this.#redraw(true);
  }

  #wheel(event) {
    event.preventDefault();
    this.zoom(Math.exp(-event.deltaY * (event.deltaMode === 1 ? 0.05 : 0.002)), ...this.#at(event));
  }

  #down(event) {
    const at = this.#at(event);
    this.#pointers.set(event.pointerId, { start: at, at, hasMoved: false });
    this.canvas.setPointerCapture(event.pointerId);
  }

  #move(event) {
    const pointer = this.#pointers.get(event.pointerId);
    const at = this.#at(event);
    if (!pointer) return this.#hover(this.#nearest(...at, 12));
    const others = [...this.#pointers.values()].filter((other) => other !== pointer);
    const moved = Math.hypot(at[0] - pointer.start[0], at[1] - pointer.start[1]);
    pointer.hasMoved ||= moved > 4;
    if (others.length > 0) {
      const [other] = others;
      const span = (place) => Math.hypot(place[0] - other.at[0], place[1] - other.at[1]) || 1;
      this.zoom(span(at) / span(pointer.at), (at[0] + other.at[0]) / 2, (at[1] + other.at[1]) / 2);
    } else if (pointer.hasMoved) {
      this.#hover(undefined);
      this.#view.x += at[0] - pointer.at[0];
      this.#view.y += at[1] - pointer.at[1];
      this.#follow(true);
    }
    pointer.at = at;
  }

  #up(event) {
    const pointer = this.#pointers.get(event.pointerId);
    this.#pointers.delete(event.pointerId);
    if (!pointer || pointer.hasMoved || this.#pointers.size > 0) return;
    const point = this.#nearest(...pointer.at, event.pointerType === "touch" ? 22 : 12);
    this.#hover(point);
    if (point) this.events.select(point);
  }

  #hover(point) {
    this.canvas.classList.toggle("over", point !== undefined);
    if (point === this.#hovered) return;
    this.#hovered = point;
    this.#redraw(false);
    this.events.hover(point, ...(point ? this.#place(point) : []));
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const directions = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };
    const direction = directions[event.key];
    if (direction) this.#step(direction);
    else if (event.key === "Enter" && this.#hovered) this.events.select(this.#hovered);
    else if (event.key === "+" || event.key === "=") this.#zoomAtHovered(1.5);
    else if (event.key === "-") this.#zoomAtHovered(1 / 1.5);
    else if (event.key === "0") this.reset();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #zoomAtHovered(factor) {
    this.zoom(factor, ...(this.#hovered ? this.#place(this.#hovered) : []));
  }

  /** To the nearest point in a direction; at first to the best hit, or to the middle. */
  #step([dx, dy]) {
    const { clientWidth, clientHeight } = this.canvas;
    if (!this.#hovered) {
      return this.#hover(
        this.#lit.hits[0] ?? this.#nearest(clientWidth / 2, clientHeight / 2, Infinity));
    }
    const transform = this.#transform();
    const [x, y] = this.#place(this.#hovered, transform);
    let best;
    let least = Infinity;
    for (const point of this.#all()) {
      const [px, py] = this.#place(point, transform);
      const along = (px - x) * dx + (py - y) * dy;
      const across = Math.abs((px - x) * dy) + Math.abs((py - y) * dx);
      if (along < 1 || across > along || px < 0 || py < 0 || px > clientWidth || py > clientHeight) continue;
      if (along + 2 * across < least) [best, least] = [point, along + 2 * across];
    }
    if (best) this.#hover(best);
  }
}
