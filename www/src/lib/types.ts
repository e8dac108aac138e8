import type { FieldType } from "datashard/worker";

/** A type as one line: `map<string, long>`. */
export function typeText(type: FieldType): string {
  if (typeof type === "string") return type;
  if (type.type === "list") return `list<${typeText(type.element)}>`;
  if (type.type === "map") return `map<${typeText(type.key)}, ${typeText(type.value)}>`;
  return `struct<${type.fields.map(({ name, type }) => `${name}: ${typeText(type)}`).join(", ")}>`;
}

/** A nested type by its kind alone, where room is short. */
export function typeName(type: FieldType): string {
  return typeof type === "string" ? type : type.type;
}

export function isNumber(type: FieldType): boolean {
  return typeof type === "string" && /^(int|long|float|double|decimal\b.*)$/.test(type);
}
