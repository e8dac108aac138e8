// The package with one call for each thing, and all answers as Arrow IPC: what the questions of `questions.rs` are asked with.

export function plain({ Warehouse, s3, memory }) {
  const wrapped = (warehouse) => ({
    create: async (...given) => table(await warehouse.create(...given)),
    open: async (name) => table(await warehouse.open(name)),
    openMetadata: async (file) => table(await warehouse.openMetadata(file)),
    allow: (...given) => wrapped(warehouse.allow(...given)),
    dropTable: (name) => warehouse.dropTable(name),
  });
  const table = (table) => ({
    version: () => table.version(),
    schema: () => table.schema(),
    snapshots: () => table.snapshots(),
    refresh: () => table.refresh(),
    append: (rows) => table.append(rows),
    appendIpc: (ipc) => table.append(ipc),
    scan: (options) => table.scan(options).toIPC(),
    stream: (options) => table.scan(options),
    plan: (options) => table.scan(options).plan(),
    count: (options) => table.count(options),
    inspect: (which, options) => table.inspectIPC(which, options),
    tail: (interval) => table.tail({ interval }),
    resolve: (token) => table.resolve(token),
  });
  return {
    s3: ({ accessKeyId, secretAccessKey, ...options }) => {
      const credentials = accessKeyId === undefined ? {} : { credentials: { accessKeyId, secretAccessKey } };
      return wrapped(new Warehouse(s3({ ...options, ...credentials })));
    },
    memory: () => wrapped(new Warehouse(memory())),
  };
}
