// What a TypeScript program relies on. Compiled, never run: openapi-typescript wrote coggno.d.ts beside it.
import type { components, operations } from "./coggno"

type User = components["schemas"]["User"]
type Answer<Name extends keyof operations> = operations[Name] extends {
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

// One or many.
const one: Same<Answer<"getUser">, User | User[]> = true
const members: Same<Answer<"listGroupUsers">, User | User[]> = true
const many: Same<Answer<"listUsers">, User[]> = true

// Forms: required and optional fields.
const fewest: Form<"createUser"> = { email: "a@b.example", first_name: "a", last_name: "b", password: "not-a-real-one" }
const all: Form<"createUser"> = { ...fewest, login: "a", group_id: 1 }
// @ts-expect-error The name is required.
const nameless: Form<"createGroup"> = { description: "x" }
// @ts-expect-error No such field.
const misspelt: Form<"createGroup"> = { name: "x", descripton: "x" }

// A path takes an id or a login; null stands where the reference shows it.
const users: operations["getUser"]["parameters"]["path"]["user"][] = [1, "ada"]
const started: Same<components["schemas"]["License"]["start_date"], string | null | undefined> = true

export { all, fewest, many, members, misspelt, nameless, one, started, users }
