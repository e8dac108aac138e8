/** What a request is for, in a commit. */
export type Kind = "data" | "manifest" | "proof" | "version" | "hint" | "read" | "rebase" | "back";

/** How it ended. */
export type End = "open" | "fine" | "conflict" | "missing" | "refused" | "lost";

/** A request of a writer, as it is drawn. */
export interface Drawn {
  id: number;
  writer: number;
  kind: Kind;
  /** `GET`, `PUT` and so on, and what of the table. */
  method: string;
  path: string;
  /** Of the version that it is about. */
  version: number | undefined;
  /** Milliseconds since the race began. */
  start: number;
  end: number | undefined;
  status: End;
  isSlow: boolean;
  /** A lane has room for requests that are under way together. */
  track: number;
}

export const KINDS: Record<Kind, { name: string; what: string }> = {
  data: { name: "PUT data", what: "The rows, as a Parquet file of a name that nobody else has. Nobody reads it until a version names it." },
  manifest: { name: "PUT manifest", what: "The list of the files that the commit is to have, also under a name of its own." },
  version: { name: "PUT v{N}", what: "The commit: the metadata of the next version, put only if nobody has put that version. The store lets one writer in." },
  proof: { name: "PUT v{N} again", what: "Before its first commit a writer puts the version that it knows once more. The bucket must refuse, or it honours no conditions and is not written to." },
  back: { name: "Read back", what: "The answer to PUT v{N} was lost. The writer reads v{N}, and sees by its own mark whether it had won." },
  rebase: { name: "Rebase", what: "Another writer was faster. The loser reads that version, puts its commit on top of it, and tries the next number. Its rows stay as they are." },
  read: { name: "Read", what: "Other reading: the newest version, or a manifest list." },
  hint: { name: "PUT hint", what: "A hint for readers where the newest version is. It may be late or missing: nothing depends on it." },
};

export const ENDS: Record<Exclude<End, "open">, { mark: string; name: string; what: string }> = {
  fine: { mark: "✓", name: "200", what: "A version that is committed." },
  conflict: { mark: "✕", name: "412", what: "That version is there already: somebody else was faster." },
  lost: { mark: "?", name: "Lost", what: "The store did what it was asked, or not: the answer never came." },
  refused: { mark: "!", name: "503", what: "The store was too busy, and did nothing. The writer waits, and asks again." },
  missing: { mark: "", name: "404", what: "Nothing is there." },
};

export function versionOf(path: string): number | undefined {
  const [, digits] = /\/metadata\/v(\d+)\.metadata\.json/.exec(path) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

/** What a request is for; `last` is how the writer's last commit of that version ended, `fine` also of one that it has read. */
export function kindOf(method: string, path: string, last: End | undefined): Kind {
  const version = versionOf(path);
  if (method === "PUT" || method === "POST") {
    if (version !== undefined) return last === "fine" ? "proof" : "version";
    return path.endsWith("version-hint.text") ? "hint" : path.includes("/data/") ? "data" : "manifest";
  }
  if (version !== undefined && last === "lost") return "back";
  return version !== undefined && last === "conflict" ? "rebase" : "read";
}
