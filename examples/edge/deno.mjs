// A Deno function: `deno run --allow-net --allow-env --allow-read deno.mjs`, with the bucket in the environment.

import { s3 } from "datashard";
import { collector } from "./logs.mjs";

const env = (name) => Deno.env.get(name);
const store = s3({
  bucket: env("S3_BUCKET"),
  endpoint: env("S3_ENDPOINT"),
  region: env("S3_REGION"),
  credentials: { accessKeyId: env("S3_ACCESS_KEY_ID"), secretAccessKey: env("S3_SECRET_ACCESS_KEY") },
});

const handle = collector(store, "logs");
Deno.serve({ port: Number(env("PORT") ?? 8000), hostname: env("HOST") }, (request) => handle(request));
