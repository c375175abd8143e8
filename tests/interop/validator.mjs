// A server that rejects every request that the spec does not allow; it responds to valid ones with the spec's examples.
//
//     node validator.mjs SPEC PORT
import { readFileSync } from "node:fs"
import express from "express"
import * as validator from "express-openapi-validator"
import { parse } from "yaml"

const [spec, port] = process.argv.slice(2)
const { paths } = parse(readFileSync(spec, "utf8"))

const app = express()
app.use(express.urlencoded({ extended: false }))
app.use(
  validator.middleware({
    apiSpec: spec, // of the spec's servers only the paths are used: / and /capp
    validateRequests: { coerceTypes: true }, // form values are text
    validateResponses: true,
    validateSecurity: { handlers: { apiKey: (request) => isKey(request.headers.authorization) } },
  }),
)
app.use((request, response) => response.json(example(request.openapi.openApiRoute, request.method)))
app.use((error, _request, response, _next) =>
  response.status(error.status ?? 500).json({ message: error.message, errors: error.errors }),
)
app.listen(Number(port), "127.0.0.1")

function isKey(authorization) {
  return /^test_[^:]+:$/.test(Buffer.from(authorization.split(" ")[1], "base64").toString())
}

function example(route, method) {
  const operation = paths[route.replace(/^\/capp/, "")][method.toLowerCase()]
  const { example, examples } = operation.responses["200"].content["application/json"]
  return example ?? Object.values(examples)[0].value
}
