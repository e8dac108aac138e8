/** A tile of a map whose sides are 1. */
export interface Tile {
  x: number;
  y: number;
  width: number;
  height: number;
}

/**
 * Tiles with areas as the weights, which come in descending order, near to squares on a screen so many times as wide as it
 * is high (Bruls, Huizing, van Wijk: squarified treemaps).
 */
export function squarify(weights: number[], ratio: number): Tile[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (!(total > 0)) return [];
  // On a surface of the screen's form, whose area is the sum.
  const height = Math.sqrt(total / ratio);
  const tiles: Tile[] = [];
  let [x, y, w, h] = [0, 0, total / height, height];
  for (let at = 0; at < weights.length; ) {
    const side = Math.min(w, h);
    let end = at + 1;
    while (end < weights.length && worst(weights.slice(at, end + 1), side) <= worst(weights.slice(at, end), side)) end += 1;
    const row = weights.slice(at, end);
    const depth = row.reduce((sum, weight) => sum + weight, 0) / side;
    let along = 0;
    for (const weight of row) {
      const length = weight / depth;
      tiles.push(w >= h ? { x, y: y + along, width: depth, height: length } : { x: x + along, y, width: length, height: depth });
      along += length;
    }
    if (w >= h) [x, w] = [x + depth, w - depth];
    else [y, h] = [y + depth, h - depth];
    at = end;
  }
  const width = total / height;
  return tiles.map((tile) => ({ x: tile.x / width, y: tile.y / height, width: tile.width / width, height: tile.height / height }));
}

/** How far from a square the worst tile of a row is. */
function worst(row: number[], side: number): number {
  const sum = row.reduce((sum, weight) => sum + weight, 0);
  return Math.max((side ** 2 * Math.max(...row)) / sum ** 2, sum ** 2 / (side ** 2 * Math.min(...row)));
}
