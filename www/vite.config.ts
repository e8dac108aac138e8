import { defineConfig, type Plugin } from "vite";

/** Vite's own scripts and styles are inline while one develops, which the page's policy forbids. */
const withoutPolicy: Plugin = {
  name: "without-policy",
  apply: "serve",
  transformIndexHtml: {
    order: "pre",
    handler: (html, { server }) => (server ? html.replace(/<meta http-equiv="Content-Security-Policy"[^>]*>/, "") : html),
  },
};

export default defineConfig({
  base: "./",
  plugins: [withoutPolicy],
  // The package finds its worker and its module by `import.meta.url`.
  optimizeDeps: { exclude: ["datashard"] },
  worker: { format: "es" },
  build: { target: "es2022", assetsInlineLimit: 0, modulePreload: { polyfill: false }, reportCompressedSize: true },
  server: { host: "127.0.0.1", fs: { allow: [".."] } },
  preview: { host: "127.0.0.1" },
});
