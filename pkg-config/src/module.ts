/** What a module is compiled from. */
export type ModuleSource = WebAssembly.Module | BufferSource | Response | URL;

export async function compile(source: ModuleSource): Promise<WebAssembly.Module> {
  if (source instanceof WebAssembly.Module) return source;
  const got = source instanceof URL ? await fetch(source) : source;
  if (!(got instanceof Response)) return WebAssembly.compile(got);
  if (!got.ok) throw new Error(`${got.url}: ${got.status}`);
  // Servers that do not know the type of .wasm files are many.
  const isTyped = got.headers.get("content-type")?.startsWith("application/wasm") && WebAssembly.compileStreaming;
  return isTyped ? WebAssembly.compileStreaming(got) : WebAssembly.compile(await got.arrayBuffer());
}
