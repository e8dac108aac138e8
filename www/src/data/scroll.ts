/** Browsers lay nothing out beyond some ten million pixels: more rows share the way that a scrollbar has. */
const MOST = 6_000_000;

/** Where the grid is scrolled to, in pixels of rows, however many there are. */
export class Scroll {
  offset = 0;
  #expected = 0;
  readonly #rows: number;
  readonly #view: number;

  constructor(rowsHeight: number, viewHeight: number, offset: number) {
    this.#rows = rowsHeight;
    this.#view = viewHeight;
    this.offset = this.#clamp(offset);
    this.#expected = this.top;
  }

  /** How high the page of rows is for the browser. */
  get height(): number {
    return Math.min(this.#rows, MOST);
  }

  get isScaled(): boolean {
    return this.#rows > MOST;
  }

  /** What the browser's position is for the offset. */
  get top(): number {
    return this.isScaled ? (this.offset / (this.#rows - this.#view)) * (MOST - this.#view) : this.offset;
  }

  /** The browser has scrolled, maybe because it was told to. */
  moved(top: number): void {
    if (Math.abs(top - this.#expected) < 1) return;
    this.offset = this.#clamp(this.isScaled ? (top / (MOST - this.#view)) * (this.#rows - this.#view) : top);
    this.#expected = top;
  }

  /** Scrolls there, and returns the browser's position for it. */
  to(offset: number): number {
    this.offset = this.#clamp(offset);
    this.#expected = this.top;
    return this.#expected;
  }

  #clamp(offset: number): number {
    return Math.max(0, Math.min(offset, this.#rows - this.#view));
  }
}
