/** How writers race, as it stands in the URL. */
export interface Settings {
  writers: number;
  /** How many appends each of them makes. */
  appends: number;
  /** Of a request, in milliseconds. */
  latency: number;
  /** Of how many requests in a hundred the answer is lost, of how many it is 503, and how many are ten times as slow. */
  lost: number;
  refused: number;
  slow: number;
  /** Of what is random: which requests are hit, and how long each takes. */
  seed: number;
}

/** What can be chosen. */
export const CHOICES: { [name in Exclude<keyof Settings, "seed">]: { label: string; of: number[]; unit: string } } = {
  writers: { label: "Writers", of: [2, 3, 4, 6], unit: "" },
  appends: { label: "Appends of each", of: [5, 10, 30, 100], unit: "" },
  latency: { label: "Latency", of: [20, 60, 150, 400], unit: " ms" },
  lost: { label: "Lost answers", of: [0, 2, 5, 15], unit: "%" },
  refused: { label: "503 answers", of: [0, 2, 5, 15], unit: "%" },
  slow: { label: "Ten times slower", of: [0, 2, 5, 15], unit: "%" },
};

const USUAL: Settings = { writers: 3, appends: 10, latency: 60, lost: 5, refused: 5, slow: 5, seed: 1 };
const NAMES = Object.keys(USUAL) as (keyof Settings)[];

/** What somebody else wrote may say anything. */
export function readSettings(text: string): Settings {
  const given = text.split(".").map(Number);
  const settings = { ...USUAL };
  NAMES.forEach((name, at) => {
    const value = given[at];
    const isOne = name === "seed" ? Number.isSafeInteger(value) && value! >= 0 : CHOICES[name].of.includes(value!);
    if (isOne) settings[name] = value!;
  });
  return settings;
}

export function writeSettings(settings: Settings): string {
  const text = NAMES.map((name) => settings[name]).join(".");
  return text === NAMES.map((name) => USUAL[name]).join(".") ? "" : text;
}

/** Numbers in [0, 1), the same each time for a seed (mulberry32). */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
