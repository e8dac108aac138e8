// The memory of the module that the package's instances run on: to be imported before the package.

let memory;
const { instantiate } = WebAssembly;
WebAssembly.instantiate = async (...given) => {
  const made = await instantiate(...given);
  memory = made.exports.memory;
  return made;
};

/** In MiB. Wasm's memory never shrinks, so this is the most that it had. */
export const taken = () => memory.buffer.byteLength / 2 ** 20;
