// Checks values against schemas of OpenAPI 3.0.
"use strict";

const Ajv = require("ajv-draft-04");
const addFormats = require("ajv-formats");

const ajv = new Ajv({ strict: false, allErrors: true });

addFormats(ajv);

// A schema of OpenAPI 3.0 as JSON Schema: "nullable" may stand beside an enumeration or a composition.
function toJsonSchema(schema)
{
	if (Array.isArray(schema))
		return schema.map(toJsonSchema);
	if (schema === null || typeof schema !== "object")
		return schema;
	const result = {};
	for (const [key, value] of Object.entries(schema))
	{
		if (key === "example" || key === "examples" || key === "nullable" || key.startsWith("x-"))
			continue;
		result[key] = key === "enum" || key === "default" ? value : toJsonSchema(value);
	}
	return schema.nullable === true ? { anyOf: [result, { type: "null" }] } : result;
}

// What is wrong with the value; null: nothing. References in the schema are resolved already.
function misfit(schema, value)
{
	const validate = ajv.compile(toJsonSchema(schema));

	return validate(value) ? null : ajv.errorsText(validate.errors);
}

module.exports = { misfit };
