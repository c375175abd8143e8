// Types that a TypeScript program relies on. Compiled, never run; openapi-typescript writes ./coggno.d.ts.
import type { components, operations } from "./coggno"

type User = components["schemas"]["User"]
type ResponseBody<Name extends keyof operations> = operations[Name] extends {
  responses: { 200: { content: { "application/json": infer Body } } }
}
  ? Body
  : never
type Form<Name extends keyof operations> = operations[Name] extends {
  requestBody?: { content: { "application/x-www-form-urlencoded": infer Body } }
}
  ? Body
  : never
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false

// One object or many.
const one: Same<ResponseBody<"getUser">, User | User[]> = true
const members: Same<ResponseBody<"listGroupUsers">, User | User[]> = true
const many: Same<ResponseBody<"listUsers">, User[]> = true

// Forms: required and optional fields.
const required: Form<"createUser"> = { email: "a@b.example", first_name: "a", last_name: "b", password: "not-a-real-one" }
const all: Form<"createUser"> = { ...required, login: "a", group_id: 1 }
// @ts-expect-error The name is required.
const nameless: Form<"createGroup"> = { description: "x" }
// @ts-expect-error No such field.
const misspelt: Form<"createGroup"> = { name: "x", descripton: "x" }

// A path takes an id or a login; the reference shows null for a date that is not set.
const users: operations["getUser"]["parameters"]["path"]["user"][] = [1, "ada"]
const started: Same<components["schemas"]["License"]["start_date"], string | null | undefined> = true

export { all, many, members, misspelt, nameless, one, required, started, users }
