import { setModule } from "./index.js";

setModule(() => new URL(MODULE, import.meta.url));

export * from "./index.js";
