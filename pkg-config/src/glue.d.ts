// Files that the build makes.

declare module "#glue" {
  const glue: import("./engine.js").Glue;
  export default glue;
}

declare module "#module" {
  const module: WebAssembly.Module;
  export default module;
}

declare const MODULE: string;
