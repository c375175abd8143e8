# ruff: noqa: E501 - a case on a line reads best
"""Each construct that is not supported is refused: where, and with what to do instead."""

import re
import textwrap

import pytest
import yaml

BASE = """\
openapi: 3.1.0
info: {title: Seeds, version: "1"}
<<top>>
paths:
  <<paths>>
  /seeds:
    <<path>>
    get:
      operationId: findSeeds
      x-coggno-retry: safe
      <<get>>
      parameters:
        <<parameters>>
      responses:
        "200":
          description: The seeds.
          <<response>>
          content:
            application/json:
              <<media>>
              schema:
                <<returned>>
    post:
      operationId: sow
      <<post>>
      requestBody:
        required: true
        content:
          <<body>>
      responses:
        <<statuses>>
components:
  <<components>>
  schemas:
    <<schemas>>
    Seed:
      <<object>>
      properties:
        <<properties>>
"""
DEFAULTS = {
    "parameters": "- {name: q, in: query, schema: {type: string}}",
    "returned": "$ref: '#/components/schemas/Seed'",
    "post": "x-coggno-retry: never",
    "body": "application/json: {schema: {$ref: '#/components/schemas/Seed'}}",
    "statuses": "'204': {description: Done.}",
    "object": "type: object",
    "properties": "id: {type: integer}",
}
GET = "#/paths/~1seeds/get"
POST = "#/paths/~1seeds/post"
SEED = "#/components/schemas/Seed"
RETURNED = f"{GET}/responses/200/content/application~1json/schema"
FORM = "application/x-www-form-urlencoded"


def fill(**parts):
    """Return a document with parts put in; a part that is not given has its default, or is left out."""
    lines = []
    for line in BASE.splitlines():
        found = re.match(r"( *)<<(\w+)>>", line)
        if found is None:
            lines.append(line)
            continue
        part = parts.get(found[2], DEFAULTS.get(found[2], ""))
        lines += [found[1] + text for text in textwrap.dedent(part).strip("\n").splitlines()]
    return "\n".join(lines) + "\n"


def here(content):
    """Return the number of the line that a case marks."""
    return next(number for number, line in enumerate(content.splitlines(), 1) if line.endswith("# here"))


def test_the_unchanged_document_is_supported(build):
    build(fill())


def one(schema):
    """Return a part: a property with a schema, marked."""
    return f"id: {schema}  # here"


EITHER = (
    "{oneOf: [{$ref: '#/components/schemas/Seed'}, {type: array, items: {$ref: '#/components/schemas/Seed'}}], "
    "x-coggno-returns: one}"
)
X = f"{SEED}/properties/id"
Q = f"{GET}/parameters/0"

CASES = [
    # schemas
    ("properties", one("{type: object, patternProperties: {a: {type: string}}}"), X, "list the properties one by one"),
    ("properties", one("{type: object, additionalProperties: {type: string}}"), X, "'additionalProperties' with a sch"),
    (
        "properties",
        one("{type: object, propertyNames: {pattern: a}}"),
        X,
        "'propertyNames' is not supported in a schema",
    ),
    ("properties", one("{type: object, unevaluatedProperties: false}"), X, "'unevaluatedProperties' is not supported"),
    ("properties", one("{type: object, minProperties: 1}"), X, "'minProperties' is not supported"),
    ("properties", one("{type: object, maxProperties: 1}"), X, "'maxProperties' is not supported"),
    ("properties", one("{type: object, dependentRequired: {a: [b]}}"), X, "'dependentRequired' is not supported"),
    ("properties", one("{type: object, dependentSchemas: {}}"), X, "'dependentSchemas' is not supported"),
    ("properties", one("{type: string, not: {const: a}}"), X, "say in the description what is excluded"),
    ("properties", one("{type: string, if: {const: a}, then: {}}"), X, "'if' is not supported"),
    ("properties", one("{type: string, then: {const: a}}"), X, "'then' is not supported"),
    ("properties", one("{type: string, else: {const: a}}"), X, "'else' is not supported"),
    ("properties", one("{type: array, prefixItems: [{type: string}]}"), X, "'prefixItems' is not supported"),
    ("properties", one("{type: array, contains: {type: string}}"), X, "'contains' is not supported"),
    ("properties", one("{type: array, minContains: 2}"), X, "'minContains' is not supported"),
    ("properties", one("{type: array, maxContains: 2}"), X, "'maxContains' is not supported"),
    ("properties", one("{type: array, unevaluatedItems: false}"), X, "'unevaluatedItems' is not supported"),
    ("properties", one("{type: array, items: false}"), f"{X}/items", "false allows nothing"),
    ("properties", one("{type: string, contentEncoding: base64}"), X, "'contentEncoding' is not supported"),
    ("properties", one("{type: string, contentMediaType: image/png}"), X, "'contentMediaType' is not supported"),
    ("properties", one("{type: string, nullable: true}"), X, "OpenAPI 3.0; write type: [..., 'null']"),
    ("properties", one("{type: string, xml: {name: a}}"), X, "'xml' is not supported"),
    ("properties", one("{type: string, $id: a}"), X, "'$id' is not supported"),
    ("properties", one("{type: string, $anchor: a}"), X, "'$anchor' is not supported"),
    ("properties", one("{$dynamicRef: '#a'}"), X, "'$dynamicRef' is not supported"),
    ("properties", one("{type: string, $dynamicAnchor: a}"), X, "'$dynamicAnchor' is not supported"),
    ("properties", one("{type: string, $vocabulary: {}}"), X, "'$vocabulary' is not supported"),
    ("properties", one("{type: string, definitions: {}}"), X, "'definitions' is not supported"),
    ("properties", one("{type: string, anything: 1}"), X, "'anything' is not supported in a schema of type string"),
    ("properties", one("{type: string, minimum: 1}"), X, "'minimum' is not supported in a schema of type string"),
    ("properties", one("{type: string, format: binary}"), f"{X}/format", "format 'binary' is not supported for string"),
    ("properties", one("{type: integer, format: date}"), f"{X}/format", "format 'date' is not supported for integer"),
    ("properties", one("{type: strin}"), f"{X}/type", "type 'strin' is not one of string, integer"),
    ("properties", one("{type: [string, nil]}"), f"{X}/type", "is not one of"),
    ("properties", one("{type: 'null'}"), X, "nothing but null"),
    ("properties", one("{anyOf: [{type: 'null'}]}"), X, "nothing but null"),
    ("properties", one("{minLength: 1}"), X, "'minLength' is not supported in a schema without type"),
    ("properties", one("{type: string, minLength: -1}"), f"{X}/minLength", "-1 cannot be the value of minLength"),
    ("properties", one("{type: string, pattern: 5}"), f"{X}/pattern", "5 cannot be the value of pattern"),
    ("properties", one("{type: integer, minimum: true}"), f"{X}/minimum", "True cannot be the value of minimum"),
    ("properties", one("{type: [string, array]}"), X, "several types are supported for scalars only"),
    ("properties", one("{type: [integer, number]}"), X, "number includes integer"),
    ("properties", one("{oneOf: [{type: string}, {type: object}]}"), X, "a choice between these"),
    ("properties", one("{anyOf: [{type: string}, {type: string, format: date}]}"), X, "a choice between these"),
    ("properties", one("{anyOf: [{type: array}, {type: string}]}"), X, "a choice between these"),
    ("properties", one("{oneOf: [{type: string}, {type: integer}], discriminator: {propertyName: a}}"), X, "discrim"),
    (
        "properties",
        one("{type: string, anyOf: [{type: string}, {type: integer}]}"),
        X,
        "'type' is not supported beside",
    ),
    ("properties", one("{const: 1.5}"), X, "const 1.5 is not supported, only text, integers and booleans"),
    ("properties", one("{const: a, type: integer}"), X, "const 'a' is not of type ['integer']"),
    ("properties", one("{enum: [a, 1]}"), X, "an enum holds texts or integers"),
    ("properties", one("{enum: [a, a]}"), X, "an enum holds texts or integers"),
    ("properties", one("{enum: []}"), X, "an enum holds texts or integers"),
    ("properties", one("{enum: [1.5]}"), X, "an enum holds texts or integers"),
    ("properties", one("{enum: [a], type: integer}"), X, "the enum value 'a' is not of type"),
    ("properties", one("{enum: [a], type: [string, 'null']}"), X, "null is in type and not in enum"),
    ("properties", one("{enum: [a], minLength: 1}"), X, "'minLength' is not supported beside enum"),
    ("properties", one("{type: integer, default: abc}"), f"{X}/default", "'abc' is not of type 'integer'"),
    ("properties", one("{type: string, maxLength: 1, default: abc}"), f"{X}/default", "the default does not fit"),
    ("properties", one("{type: string, format: date, default: soon}"), f"{X}/default", "'soon' is not a 'date'"),
    ("properties", one("{enum: [a], default: b}"), f"{X}/default", "the default does not fit its schema"),
    ("properties", one("{type: string, writeOnly: 'yes'}"), f"{X}/writeOnly", "must be true or false"),
    ("properties", one("{type: string, description: 5}"), f"{X}/description", "must be text, not 5"),
    ("properties", one("{$ref: 'other.yaml#/a'}"), f"{X}/$ref", "points outside the file"),
    ("properties", one("{$ref: 'https://seeds.example/a.json'}"), f"{X}/$ref", "points outside the file"),
    ("properties", one("{$ref: '#/components/schemas/Gone'}"), f"{X}/$ref", "points to nothing"),
    (
        "properties",
        one("{$ref: '#/components/schemas/Seed/properties'}"),
        f"{X}/$ref",
        "under components/schemas or $defs",
    ),
    ("properties", one("{$ref: '#/components/schemas/Seed', type: object}"), X, "'type' is not supported beside $ref"),
    ("properties", one("{$ref: '#/components/schemas/Seed', minProperties: 1}"), X, "would change what is referred to"),
    ("properties", one("{type: array, items: {$ref: 'x.yaml'}}"), f"{X}/items/$ref", "points outside the file"),
    ("properties", one("{type: string, x-coggno-retry: safe}"), X, "'x-coggno-retry' has no meaning in a schema"),
    ("properties", one("{type: string, x-coggno-retri: [id]}"), X, "did you mean 'x-coggno-retry'?"),
    ("properties", one("{type: string, x-cogno-retry: [id]}"), X, "did you mean 'x-coggno-retry'?"),
    ("properties", one("{type: string, x-internal: true}"), X, "'x-internal' is not one of our extensions"),
    (
        "properties",
        "a-b: {type: string}\na_b: {type: string}  # here",
        f"{SEED}/properties/a_b",
        "both become the field",
    ),
    ("properties", one("{type: integer, readOnly: true}"), X, "is readOnly and part of what is sent"),
    (
        "properties",
        one(
            "{oneOf: [{$ref: '#/components/schemas/Seed'}, {type: array, items: {$ref: '#/components/schemas/Seed'}}]}"
        ),
        X,
        "Add x-coggno-returns: one | many",
    ),
    (
        "object",
        "type: object\nrequired: [name]  # here",
        f"{SEED}/required/0",
        "required names 'name', which is no prop",
    ),
    ("object", "discriminator: {propertyName: id}  # here\ntype: object", SEED, "'discriminator' is not supported"),
    ("object", "allOf: [{type: string}]  # here", f"{SEED}/allOf/0", "allOf joins objects only"),
    (
        "object",
        "allOf: [{oneOf: [{type: object}]}]  # here",
        f"{SEED}/allOf/0",
        "'oneOf' is not supported in an object",
    ),
    ("object", "allOf: [{$ref: '#/components/schemas/Seed'}]", SEED, "allOf leads back to itself"),
    (
        "object",
        "allOf: [{properties: {id: {type: string}}}]",
        f"{SEED}/properties/id",
        "two parts of allOf have the property",
    ),
    (
        "object",
        "allOf: [{properties: {a: {type: string}}, additionalProperties: false}]  # here",
        f"{SEED}/allOf/0/additionalProperties",
        "excludes the fields of the others",
    ),
    ("schemas", "Loop: {$ref: '#/components/schemas/Loop'}  # here", "#/components/schemas/Loop", "refers to itself"),
    (
        "schemas",
        "List: {type: array, items: {$ref: '#/components/schemas/List'}}  # here",
        "#/components/schemas/List",
        "is",
    ),
    ("schemas", "No: {type: object, not: {}}  # here", "#/components/schemas/No", "'not' is not supported"),
    ("properties", one("5"), X, "must be a mapping"),
    ("properties", one("{enum: 5}"), X, "enum must be a list"),
    ("properties", one("{allOf: 5}"), f"{X}/allOf", "must be a list"),
    ("properties", one("{type: object, properties: 5}"), f"{X}/properties", "must be a mapping"),
    ("object", "type: object\nrequired: [5]  # here", f"{SEED}/required/0", "must be text, not 5"),
    ("object", "allOf: [5]  # here\ntype: object", f"{SEED}/allOf/0", "a part of allOf must be a mapping"),
    (
        "object",
        "allOf: [{$ref: '#/paths'}]  # here\ntype: object",
        f"{SEED}/allOf/0/$ref",
        "under components/schemas or",
    ),
    ("properties", one(f"{{type: array, items: {EITHER}}}"), X, "only a response can be one or many"),
    ("properties", one(EITHER), X, "only a response can be one or many"),
    (
        "parameters",
        f"- {{name: a, in: query, schema: {EITHER}}}  # here",
        f"{Q}/schema",
        "only a response can be one or",
    ),
    (
        "body",
        f"application/json: {{schema: {EITHER}}}  # here",
        f"{POST}/requestBody/content/application~1json/schema",
        "only a response can be one or many",
    ),
    (
        "returned",
        "{type: object, properties: {a: {type: array, default: [1]}}}  # here",
        f"{RETURNED}/properties/a/default",
        "only scalars and []",
    ),
    ("post", "x-coggno-retry: settle\nx-coggno-settle: 5  # here", f"{POST}/x-coggno-settle", "must be a mapping with"),
    # parameters
    (
        "parameters",
        "- {name: a, in: cookie, schema: {type: string}}  # here",
        f"{Q}/in",
        "'cookie' is not supported; use",
    ),
    (
        "parameters",
        "- {name: a, in: query, style: deepObject, schema: {type: string}}  # here",
        f"{Q}/style",
        "the style 'deepObject' is not supported; use form",
    ),
    ("parameters", "- {name: a, in: query, schema: {type: object}}  # here", f"{Q}/schema", "an object in a query"),
    (
        "parameters",
        "- {name: a, in: query, style: pipeDelimited, schema: {type: array}}  # here",
        f"{Q}/style",
        "use form",
    ),
    ("parameters", "- {name: a, in: query, content: {text/plain: {}}}  # here", Q, "'content' is not supported"),
    ("parameters", "- {name: a, in: query, allowReserved: true, schema: {type: string}}  # here", Q, "'allowReserved'"),
    ("parameters", "- {name: a, in: query, allowEmptyValue: true, schema: {type: string}}  # here", Q, "'allowEmpty"),
    (
        "parameters",
        "- {name: a, in: query, schema: {type: [string, 'null']}}  # here",
        f"{Q}/schema",
        "null has no form",
    ),
    ("parameters", "- {name: a, in: query, schema: {}}  # here", f"{Q}/schema", "needs a type"),
    (
        "parameters",
        "- {name: a, in: query, schema: {type: array, items: {type: array, items: {type: string}}}}  # here",
        f"{Q}/schema",
        "a list of lists",
    ),
    (
        "parameters",
        "- {name: a, in: query, schema: {oneOf: [{type: integer}, {type: string}]}}  # here",
        f"{Q}/schema",
        "oneOf refuses; write anyOf",
    ),
    (
        "parameters",
        "- {name: a, in: query, schema: {type: string, format: password}}  # here",
        f"{Q}/schema",
        "a secret",
    ),
    ("parameters", "- {name: Accept, in: header, schema: {type: string}}  # here", Q, "is set by the client"),
    ("parameters", '- {name: "a: b", in: header, schema: {type: string}}  # here', Q, "cannot be the name of a header"),
    (
        "parameters",
        "- {name: a, in: query, x-coggno-client: true, schema: {type: string}}  # here",
        Q,
        "is for headers",
    ),
    (
        "parameters",
        "- {name: a, in: header, x-coggno-client: false, schema: {type: string}}  # here",
        f"{Q}/x-coggno-client",
        "can only be true",
    ),
    ("parameters", "- {name: a, in: path, required: true, schema: {type: string}}", GET, "does not contain"),
    (
        "parameters",
        "- {$ref: '#/components/schemas/Seed'}  # here",
        f"{Q}/$ref",
        "must lead to #/components/parameters/",
    ),
    (
        "parameters",
        "- {name: a, in: query, schema: {type: string}}\n- {name: a, in: query, schema: {type: string}}  # here",
        f"{GET}/parameters/1",
        "occurs twice here",
    ),
    (
        "parameters",
        "- {name: a-b, in: query, schema: {type: string}}\n- {name: a_b, in: query, schema: {type: string}}  # here",
        f"{GET}/parameters/1",
        "both become the argument of 'findSeeds' 'a_b'",
    ),
    (
        "path",
        "parameters: [{name: a, in: cookie, schema: {type: string}}]  # here",
        "#/paths/~1seeds/parameters/0/in",
        "co",
    ),
    # operations
    ("get", "callbacks: {}  # here", GET, "'callbacks' is not supported in an operation"),
    ("get", "security: []  # here", GET, "all operations use the same key"),
    ("get", "servers: []  # here", GET, "the address belongs to the client's configuration"),
    ("get", "x-coggno-rety: safe  # here", GET, "did you mean 'x-coggno-retry'?"),
    ("get", "x-coggno-returns: one  # here", GET, "'x-coggno-returns' has no meaning in an operation"),
    ("get", "x-coggno-settle: {}  # here", f"{GET}/x-coggno-settle", "is for x-coggno-retry: settle only"),
    (
        "get",
        "requestBody: {content: {application/json: {schema: {}}}}  # here",
        f"{GET}/requestBody",
        "no meaning for GET",
    ),
    ("path", "servers: []  # here", "#/paths/~1seeds", "'servers' is not supported in a path"),
    (
        "path",
        "trace: {responses: {'200': {description: a}}}  # here",
        "#/paths/~1seeds",
        "'trace' is not supported in a path",
    ),
    ("paths", "/a: {$ref: '#/paths/~1seeds'}  # here", "#/paths/~1a", "'$ref' is not supported in a path"),
    ("paths", "x-tool: 1  # here", "#/paths", "'x-tool' is not one of our extensions"),
    ("post", "x-coggno-retry: maybe  # here", f"{POST}/x-coggno-retry", "'maybe' is not supported; use safe or settle"),
    ("post", "x-coggno-retry: saef  # here", f"{POST}/x-coggno-retry", "did you mean 'safe'?"),
    ("post", "summary: a", POST, "add x-coggno-retry: safe | settle | never"),
    ("post", "x-coggno-retry: settle", POST, "needs x-coggno-settle"),
    # bodies and responses
    (
        "body",
        "multipart/form-data: {schema: {type: object}}  # here",
        f"{POST}/requestBody/content/multipart~1form-data",
        "can",
    ),
    (
        "body",
        "application/xml: {schema: {type: object}}  # here",
        f"{POST}/requestBody/content/application~1xml",
        "cannot",
    ),
    (
        "body",
        f"{FORM}: {{schema: {{type: string}}}}  # here",
        f"{POST}/requestBody/content/{FORM.replace('/', '~1')}/schema",
        "a form is",
    ),
    (
        "body",
        f"{FORM}: {{schema: {{type: object, properties: {{a: {{type: object}}}}}}}}  # here",
        f"{POST}/requestBody/content/{FORM.replace('/', '~1')}/schema/properties/a",
        "an object in a form",
    ),
    (
        "body",
        f"{FORM}: {{schema: {{type: object, properties: {{a: {{type: string, readOnly: true}}}}}}}}  # here",
        f"{POST}/requestBody/content/{FORM.replace('/', '~1')}/schema/properties/a",
        "is readOnly and part of a form",
    ),
    (
        "body",
        f"{FORM}: {{schema: {{type: object, properties: {{a: {{type: [string, 'null']}}}}}}}}  # here",
        f"{POST}/requestBody/content/{FORM.replace('/', '~1')}/schema/properties/a",
        "null has no form in a form",
    ),
    (
        "body",
        f"{FORM}:\n  encoding: {{a: {{style: form}}}}  # here\n  schema: {{type: object, properties: {{a: {{type: string}}}}}}",
        f"{POST}/requestBody/content/{FORM.replace('/', '~1')}",
        "'encoding' is not supported in a media type",
    ),
    ("body", "application/json: {}  # here", f"{POST}/requestBody/content/application~1json", "has no schema"),
    (
        "body",
        f"application/json: {{schema: {{}}}}\n{FORM}: {{schema: {{type: object}}}}",
        f"{POST}/requestBody",
        "a body has one media type",
    ),
    ("statuses", "'2XX': {description: a}  # here\n'204': {description: a}", f"{POST}/responses/2XX", "one by one"),
    ("statuses", "'4XX': {description: a}  # here\n'204': {description: a}", f"{POST}/responses/4XX", "one by one"),
    ("statuses", "'302': {description: a}  # here\n'204': {description: a}", f"{POST}/responses/302", "redirects"),
    ("statuses", "'404': {description: a}", f"{POST}/responses", "has no status of success"),
    ("statuses", "default: {description: a}", f"{POST}/responses", "has no status of success"),
    ("statuses", "'204': {description: a}\nx-more: 1  # here", f"{POST}/responses", "'x-more' is not one of our"),
    (
        "statuses",
        "'204': {description: a}\n'200': {description: a, content: {text/plain: {}}}  # here",
        f"{POST}/responses/200",
        "have different schemas",
    ),
    ("statuses", "'204': {description: a, content: {text/plain: {}}}  # here", f"{POST}/responses/204", "has no body"),
    (
        "statuses",
        "'200': {description: a, content: {image/png: {}}}  # here",
        f"{POST}/responses/200/content/image~1png",
        "read",
    ),
    (
        "statuses",
        "'200': {description: a, content: {text/plain: {}, text/csv: {}}}  # here",
        f"{POST}/responses/200",
        "a response has one media type",
    ),
    (
        "statuses",
        "'200': {description: a, content: {text/plain: {schema: {type: integer}}}}  # here",
        f"{POST}/responses/200/content/text~1plain/schema",
        "text is a string",
    ),
    ("statuses", "'204': {$ref: '#/components/schemas/Seed'}  # here", f"{POST}/responses/204/$ref", "must lead to"),
    ("response", "links: {a: {operationId: sow}}  # here", f"{GET}/responses/200", "'links' is not supported"),
    ("media", "encoding: {}  # here", f"{GET}/responses/200/content/application~1json", "'encoding' is not supported"),
    (
        "returned",
        "{oneOf: [{type: string}, {type: integer}], x-coggno-returns: one}",
        RETURNED,
        "belongs beside oneOf of an",
    ),
    (
        "returned",
        "{type: string, x-coggno-returns: one}  # here",
        RETURNED,
        "'x-coggno-returns' has no meaning in a schema",
    ),
    (
        "returned",
        "x-coggno-returns: two  # here\noneOf: [{$ref: '#/components/schemas/Seed'}, {type: array, items: {$ref: '#/components/schemas/Seed'}}]",
        f"{RETURNED}/x-coggno-returns",
        "'two' is not supported; use one or many",
    ),
    # the rest
    ("top", "security: [{key: []}, {}]  # here", "#/security", "alternatives are not supported"),
    ("top", "webhooks: {}  # here", "#", "'webhooks' is not supported at the top of the file"),
    ("top", "jsonSchemaDialect: https://a.b  # here", "#", "'jsonSchemaDialect' is not supported"),
    ("top", "x-coggno-client: true  # here", "#", "'x-coggno-client' has no meaning at the top of the file"),
    ("top", "tags: [{name: a, x-group: b}]  # here", "#/tags/0", "'x-group' is not one of our extensions"),
    ("top", "security: [{}]  # here", "#/security/0", "must name one scheme"),
    ("top", "security: [{key: []}]  # here", "#/security/0", "the scheme 'key' is not declared"),
    (
        "components",
        "securitySchemes: {key: {type: http, scheme: bearer}}  # here",
        "#/components/securitySchemes/key",
        "basic",
    ),
    (
        "components",
        "securitySchemes: {key: {type: apiKey, name: a, in: query}}  # here",
        "#/components/securitySchemes/key",
        "only HTTP basic is supported",
    ),
    ("components", "links: {}  # here", "#/components", "'links' is not supported under components"),
    ("components", "callbacks: {}  # here", "#/components", "'callbacks' is not supported under components"),
    ("components", "pathItems: {}  # here", "#/components", "'pathItems' is not supported under components"),
    (
        "components",
        "parameters: {P: {name: a, in: query, style: spaceDelimited, schema: {type: array}}}  # here",
        "#/components/parameters/P/style",
        "is not supported; use form",
    ),
    (
        "components",
        "responses: {R: {description: a, links: {}}}  # here",
        "#/components/responses/R",
        "'links' is not supported in a response",
    ),
    (
        "components",
        "requestBodies: {B: {content: {text/csv: {schema: {type: string}}}}}  # here",
        "#/components/requestBodies/B/content/text~1csv",
        "cannot be sent",
    ),
    # YAML
    ("properties", "id: {type: &a string}\nname: {type: *a}", f"{SEED}/properties/name/type", "aliases"),
    ("properties", "id: {type: integer}\nid: {type: string}  # here", X, "the key 'id' occurs twice here"),
    ("properties", "<<: {id: {type: integer}}  # here", f"{SEED}/properties", "merge keys are not supported"),
    ("properties", "true: {type: integer}  # here", f"{SEED}/properties", "the key 'true' is read as bool; quote it"),
    ("properties", "null: {type: integer}  # here", f"{SEED}/properties", "the key 'null' is read as null; quote it"),
    ("properties", "? [a]\n: {type: integer}", f"{SEED}/properties", "a key must be text"),
    ("properties", one("{type: integer, examples: [!!binary aGk=]}"), f"{X}/examples/0", "the YAML tag"),
    ("properties", one("{type: number, default: 1e999}"), f"{X}/default", "cannot be read as float"),
]


@pytest.mark.parametrize(
    ("part", "fragment", "pointer", "words"), CASES, ids=[f"{case[0]}-{case[1][:50]}" for case in CASES]
)
def test_refused(refusals, part, fragment, pointer, words):
    content = fill(**{part: fragment})
    code, lines = refusals(content)
    assert code == 1
    found = [line for line in lines if f" {pointer}: " in line and words in line]
    assert found, lines
    if "# here" in fragment:
        assert found[0].startswith(f"seeds.yaml:{here(content)} "), found
    else:
        assert re.match(r"seeds\.yaml:\d+ #", found[0])


def settle(**changes):
    """Return a document whose write is settled by a read; `changes` spoil the declaration."""
    declared = {
        "read": "getSeed",
        "path": {"id": "form.id"},
        "key": {"id": "form.id"},
        "found": "done",
        "absent": "resend",
        "control": "listSeeds",
        **changes,
    }
    seed = "$ref: '#/components/schemas/Seed'"
    extra = f"""
        /seeds/{{id}}:
          get:
            operationId: getSeed
            x-coggno-retry: safe
            parameters: [{{name: id, in: path, required: true, schema: {{type: integer}}}}]
            responses: {{"200": {{description: It., content: {{application/json: {{schema: {{{seed}}}}}}}}}}}
        /pots/{{id}}/{{no}}:
          get:
            operationId: getPot
            x-coggno-retry: safe
            parameters:
              - {{name: id, in: path, required: true, schema: {{type: integer}}}}
              - {{name: no, in: path, required: true, schema: {{type: integer}}}}
              - {{name: day, in: query, required: true, schema: {{type: integer}}}}
            responses: {{"204": {{description: It.}}}}
        /all:
          get:
            operationId: listSeeds
            x-coggno-retry: safe
            responses:
              "200":
                description: All.
                content: {{application/json: {{schema: {{type: array, items: {{{seed}}}}}}}}}
        """
    return fill(
        paths=extra,
        post=f"x-coggno-retry: settle\nx-coggno-settle: {yaml.safe_dump(declared, default_flow_style=True, width=999)}",
        body=f"{FORM}: {{schema: {{type: object, required: [id], properties: {{id: {{type: integer}}, "
        "pin: {type: string, writeOnly: true}, tags: {type: array, items: {type: string}}, note: {type: string}}}}",
        statuses="'200': {description: a, content: {application/json: {schema: {$ref: '#/components/schemas/Seed'}}}}",
    )


def test_a_settle_that_can_be_carried_out_is_supported(build):
    build(settle())
    build(settle(read="listSeeds", path={}, found="unknown"))
    build(settle(doubtful=[404], then={**THEN, "path": {"id": "form.note"}}))


THEN = {"read": "getSeed", "path": {"id": "found.id"}, "key": {"id": "found.id"}, "found": "done", "absent": "unknown"}


@pytest.mark.parametrize(
    ("changes", "where", "words"),
    [
        ({"read": "nobody"}, "/read", "there is no operation 'nobody'"),
        ({"read": "sow"}, "/read", "'sow' is not safe to repeat"),
        ({"read": "getPot", "found": "unknown"}, "", "does not fill the path parameter 'no'"),
        ({"read": "getPot", "found": "unknown"}, "/read", "needs more than its path"),
        ({"path": {"id": "form.id", "x": "form.id"}}, "/path/x", "has no path parameter 'x'"),
        ({"path": {"id": "form.nothing"}}, "/path/id", "sow has no value form.nothing"),
        ({"path": {"id": "json.id"}}, "/path/id", "sow has no value json.id"),
        ({"path": {"id": "id"}}, "/path/id", "is not the name of a value; write path.name"),
        ({"path": {"id": "form.pin"}}, "/path/id", "is a secret"),
        ({"path": {"id": "form.tags"}}, "/path/id", "is a list"),
        ({"path": {"id": ["form.note"]}}, "/path/id", "may be missing from the request"),
        ({"path": {"id": []}}, "/path/id", "is not the name of a value"),
        ({"key": {"nothing": "form.id"}}, "/key/nothing", "the response of getSeed has no field 'nothing'"),
        ({"same": {"nothing": "form.id"}}, "/same/nothing", "the response of getSeed has no field 'nothing'"),
        ({"read": "listSeeds", "path": {}, "key": {}, "found": "unknown"}, "", "returns a list; add key"),
        (
            {"read": "listSeeds", "path": {}, "same": {"id": "form.id"}, "found": "unknown"},
            "/same",
            "not used with a",
        ),
        ({"read": "listSeeds", "path": {}}, "/found", "done would return what listSeeds returns"),
        ({"read": "getPot", "path": {"id": "form.id"}, "key": {}}, "/found", "done would return"),
        ({"found": "perhaps"}, "/found", "'perhaps' is not supported; use done or resend or unknown"),
        ({"read": None}, "/read", "must be text"),
        ({"control": "sow"}, "/control", "must be the operationId of a read"),
        ({"control": "nothing"}, "/control", "must be the operationId of a read"),
        ({"doubtful": [500]}, "", "'doubtful' must be a list of 4xx statuses"),
        ({"doubtful": []}, "", "'doubtful' must be a list of 4xx statuses"),
        ({"then": {**THEN, "found": "resend"}}, "/then", "shows only a part of the write"),
        ({"then": {**THEN, "path": {"id": "found.nothing"}}}, "/then/path/id", "there is no value found.nothing"),
        ({"then": {**THEN, "key": {"id": "form.nothing"}}}, "/then/key/id", "there is no value form.nothing"),
        ({"path": {"id": "found.id"}}, "/path/id", "sow has no value found.id"),
        ({"more": 1}, "", "'more' is not supported in x-coggno-settle"),
    ],
)
def test_an_impossible_settle_is_refused(refusals, changes, where, words):
    code, lines = refusals(settle(**changes))
    assert code == 1
    assert [line for line in lines if f"{POST}/x-coggno-settle{where}: " in line and words in line], lines


def test_a_404_alone_is_refused_as_proof(refusals):
    declared = settle().replace("control: listSeeds, ", "")
    code, lines = refusals(declared)
    assert code == 1
    assert any("a 404 of getSeed proves nothing by itself; add control" in line for line in lines), lines


def test_a_settle_says_all_three(refusals):
    code, lines = refusals(fill(post="x-coggno-retry: settle\nx-coggno-settle: {path: {}}"))
    assert code == 1
    for name in ("read", "found", "absent"):
        assert any(f"has no '{name}'" in line for line in lines)


def test_refusals_come_in_the_order_of_the_file(refusals):
    code, lines = refusals(
        fill(
            top="webhooks: {}",
            get="callbacks: {}",
            properties="id: {type: string, not: {}, x-a: 1}\nn: {nullable: true}",
        )
    )
    assert code == 1
    assert lines[-1] == "5 errors; nothing was written"
    numbers = [int(line.split(":")[1].split()[0]) for line in lines[:-1]]
    assert numbers == sorted(numbers)


def test_a_duplicate_operation_id_names_both_places(refusals):
    _, lines = refusals(fill().replace("operationId: sow", "operationId: findSeeds"))
    assert any(f"{POST}/operationId: the operationId 'findSeeds' is used at {GET} already" in line for line in lines)


def test_operations_whose_names_collide_are_refused(refusals):
    _, lines = refusals(fill().replace("operationId: sow", "operationId: find_seeds"))
    assert any("both become the function 'find_seeds'" in line for line in lines)
    assert any("both become the constant 'FIND_SEEDS'" in line for line in lines)


def test_models_whose_names_collide_are_refused(refusals):
    extra = "seed: {type: object, properties: {a: {type: string}}}"
    other = "id: {$ref: '#/components/schemas/seed'}"
    _, lines = refusals(fill(schemas=extra, properties=other))
    assert any("both become the class 'Seed'" in line for line in lines)


def test_an_operation_without_an_id_is_refused(refusals):
    _, lines = refusals(fill().replace("operationId: sow", "summary: Sow"))
    assert any(f"{POST}: has no operationId" in line for line in lines)


@pytest.mark.parametrize("path", ["/a b", "/a/../b", "/a//b", "/a?b=c", "/a#b", "/ä", '/a"""'])
def test_a_path_that_needs_encoding_is_refused(refusals, path):
    code, lines = refusals(fill().replace("  /seeds:", f"  '{path}':"))
    assert code == 1
    assert any("cannot be sent as it is" in line for line in lines)


def test_two_paths_that_are_the_same_are_refused(refusals):
    paths = """
        /a/{x}: {get: {operationId: a, x-coggno-retry: safe, responses: {"204": {description: a}},
                       parameters: [{name: x, in: path, required: true, schema: {type: string}}]}}
        /a/{y}: {put: {operationId: b, x-coggno-retry: safe, responses: {"204": {description: a}},
                       parameters: [{name: y, in: path, required: true, schema: {type: string}}]}}
    """
    _, lines = refusals(fill(paths=paths))
    assert any("is the same path as '/a/{x}'" in line for line in lines)


def test_an_undeclared_path_parameter_is_refused(refusals):
    _, lines = refusals(fill().replace("  /seeds:", "  /seeds/{id}:"))
    assert any("the parameter 'id' of the path is not declared" in line for line in lines)


@pytest.mark.parametrize("version", ["3.0.3", "'3.0.3'", "3.1", "3.2.0", "'2.0'"])
def test_another_version_is_refused(refusals, version):
    code, lines = refusals(fill().replace("3.1.0", version, 1))
    assert code == 1
    assert len(lines) == 2
    assert lines[0].startswith("seeds.yaml:1 #/openapi: the version ")


def test_swagger_is_refused(refusals):
    code, lines = refusals("swagger: '2.0'\ninfo: {}\npaths: {}\n")
    assert code == 1
    assert "OpenAPI 3.1.x" in lines[0]


def test_yaml_is_read_as_yaml_1_2(build):
    """`no`, `on` and dates are texts; a status may stand without quotes."""
    package = build(
        fill(
            properties="""
                no: {type: string, default: no}
                on: {enum: [yes, no, off, 2025-01-15, 12:30:00, 1_000]}
                day: {type: string, format: date, default: 2025-01-15}
                octal: {type: integer, default: 010}
            """,
            body=f"{FORM}: {{schema: {{type: object, properties: {{a: {{type: string}}}}}}}}",
            statuses="204: {description: Done.}",
        )
    )
    seed = package.models.Seed()
    assert (seed.no, seed.day.isoformat(), seed.octal) == ("no", "2025-01-15", 10)
    assert "Literal['yes', 'no', 'off', '2025-01-15', '12:30:00', '1_000']".replace("'", '"') in package.source(
        "models.py"
    )


def test_a_required_write_only_field_needs_two_schemas(refusals):
    both = "type: object\nrequired: [id]"
    _, lines = refusals(fill(object=both, properties="id: {type: string, writeOnly: true}"))
    assert any("write a schema for each" in line for line in lines)


def test_an_optional_form_cannot_have_required_fields(refusals):
    body = f"{FORM}: {{schema: {{type: object, required: [a], properties: {{a: {{type: string}}}}}}}}"
    _, lines = refusals(fill(body=body).replace("required: true\n", "required: false\n"))
    assert any("the body is optional and has required fields" in line for line in lines)


def test_a_parameter_occurs_in_a_path_once(refusals):
    path = """
        /a/{x}/{x}: {get: {operationId: a, x-coggno-retry: safe, responses: {"204": {description: a}},
                           parameters: [{name: x, in: path, required: true, schema: {type: array}}]}}
    """
    _, lines = refusals(fill(paths=path))
    assert any("occurs twice in the path" in line for line in lines)
    assert any("a list in a path is not supported" in line for line in lines)


def test_scopes_are_refused(refusals):
    _, lines = refusals(
        fill(top="security: [{key: [read]}]", components="securitySchemes: {key: {type: http, scheme: basic}}")
    )
    assert any("HTTP basic has no scopes" in line for line in lines)
