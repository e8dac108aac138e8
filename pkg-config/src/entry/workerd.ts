// Cloudflare Workers, Vercel's edge functions and others, which take a module only when it is imported.

import module from "#module";
import { setModule } from "./index.js";

setModule(module);

export * from "./index.js";
