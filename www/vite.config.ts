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

/** The module is asked for before the script that compiles it is there. */
const earlyModule: Plugin = {
  name: "early-module",
  apply: "build",
  transformIndexHtml: {
    order: "post",
    handler: (_, { bundle }) => {
      const modules = Object.keys(bundle ?? {}).filter((name) => name.endsWith(".wasm"));
      return modules.map((name) => ({
        tag: "link",
        attrs: { rel: "preload", as: "fetch", type: "application/wasm", href: `./${name}`, crossorigin: true },
        injectTo: "head" as const,
      }));
    },
  },
};

/** Tabs that come when they are opened have no styles of their own, nor scripts that could be asked for with them. */
const plainImports: Plugin = {
  name: "plain-imports",
  apply: "build",
  enforce: "pre",
  load: (id) => (id === "\0vite/preload-helper.js" ? "export const __vitePreload = (load) => load();" : undefined),
};

export default defineConfig({
  base: "./",
  plugins: [withoutPolicy, earlyModule, plainImports],
  // The package finds its worker and its module by `import.meta.url`.
  optimizeDeps: { exclude: ["datashard"] },
  worker: { format: "es" },
  build: { target: "es2022", assetsInlineLimit: 0, modulePreload: { polyfill: false }, cssCodeSplit: false, reportCompressedSize: true },
  server: { host: "127.0.0.1", fs: { allow: [".."] } },
  preview: { host: "127.0.0.1" },
});
