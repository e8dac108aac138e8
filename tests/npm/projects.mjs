// Small projects that have the package installed from its tarball.

import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

export const run = promisify(execFile);
export const here = import.meta.dirname;
export const bin = (name) => join(here, "node_modules/.bin", name);

const { DATASHARD_S3_ENDPOINT: endpoint, DATASHARD_S3_BUCKET: bucket } = process.env;
const { DATASHARD_S3_ACCESS_KEY: accessKeyId, DATASHARD_S3_SECRET_KEY: secretAccessKey } = process.env;
export const options = { bucket, endpoint, credentials: { accessKeyId, secretAccessKey } };

export class Projects {
  folder = mkdtempSync(join(tmpdir(), "datashard-npm-"));
  tarball;

  async pack() {
    const cwd = join(here, "../../pkg-config");
    const { stdout } = await run("npm", ["pack", "--json", "--pack-destination", this.folder], { cwd });
    this.tarball = join(this.folder, JSON.parse(stdout)[0].filename);
  }

  /** A project with the package, copies of these files, and these texts. */
  async make(name, files, texts = {}) {
    const project = join(this.folder, name);
    mkdirSync(project);
    writeFileSync(join(project, "package.json"), JSON.stringify({ private: true, type: "module" }));
    await run("npm", ["install", "--no-audit", "--no-fund", "--offline", this.tarball], { cwd: project });
    for (const file of files) cpSync(join(here, file), join(project, file.split("/").at(-1)));
    for (const [file, text] of Object.entries(texts)) writeFileSync(join(project, file), text);
    return project;
  }

  remove() {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
