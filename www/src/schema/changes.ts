import type { Field, FieldType } from "datashard/worker";
import { typeText } from "../lib/types.js";

/** A field at some depth, by its full name. */
export interface Flat {
  id: number;
  name: string;
  type: FieldType;
  required: boolean;
  doc: string;
  depth: number;
}

export interface Change {
  kind: "added" | "dropped" | "renamed" | "changed";
  id: number;
  text: string;
}

/** All fields with nested ones, each behind the one that it is in. */
export function flatten(fields: Field[], prefix = "", depth = 0): Flat[] {
  return fields.flatMap((field) => {
    const name = prefix + field.name;
    const own = { id: field.id ?? 0, name, type: field.type, required: field.required ?? false, doc: field.doc ?? "", depth };
    return [own, ...inner(field.type, name, depth + 1)];
  });
}

function inner(type: FieldType, name: string, depth: number): Flat[] {
  if (typeof type === "string") return [];
  if (type.type === "struct") return flatten(type.fields, `${name}.`, depth);
  const part = (suffix: string, id: number | undefined, type: FieldType, required: boolean | undefined) =>
    flatten([{ id: id ?? 0, name: suffix, type, required: required ?? false }], `${name}.`, depth);
  if (type.type === "list") return part("element", type["element-id"], type.element, type["element-required"]);
  return [...part("key", type["key-id"], type.key, true), ...part("value", type["value-id"], type.value, type["value-required"])];
}

/** What became of the fields from one schema to the next. A field is the same if its id is. */
export function changes(before: Field[], after: Field[]): Change[] {
  const [old, fresh] = [byId(before), byId(after)];
  const found: Change[] = [];
  for (const field of fresh.values()) {
    const was = old.get(field.id);
    if (!was) found.push({ kind: "added", id: field.id, text: `${field.name}: ${typeText(field.type)}` });
    else found.push(...between(was, field));
  }
  for (const was of old.values()) {
    if (!fresh.has(was.id)) found.push({ kind: "dropped", id: was.id, text: was.name });
  }
  return found;
}

function between(was: Flat, is: Flat): Change[] {
  const found: Change[] = [];
  const { id } = is;
  if (last(was.name) !== last(is.name)) found.push({ kind: "renamed", id, text: `${was.name} → ${is.name}` });
  if (isPlain(was) && isPlain(is) && was.type !== is.type) found.push({ kind: "changed", id, text: `${is.name}: ${typeText(was.type)} → ${typeText(is.type)}` });
  if (was.required !== is.required) found.push({ kind: "changed", id, text: `${is.name} is ${is.required ? "required" : "optional"} now` });
  if (was.doc !== is.doc) found.push({ kind: "changed", id, text: `${is.name}: its description` });
  return found;
}

function byId(fields: Field[]): Map<number, Flat> {
  return new Map(flatten(fields).map((field) => [field.id, field]));
}

function isPlain({ type }: Flat): boolean {
  return typeof type === "string";
}

function last(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}
