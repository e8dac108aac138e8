// A Cloudflare Worker. The bucket is bound to it: see wrangler.toml.

import { r2 } from "datashard";
import { collector } from "./logs.mjs";

let handle;

export default {
  async fetch(request, env, context) {
    handle ??= collector(r2(env.BUCKET, { bucket: env.BUCKET_NAME }), "logs");
    return handle(request, (work) => context.waitUntil(work));
  },
};
