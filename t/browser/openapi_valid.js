// Checks an OpenAPI document: against the schema of OpenAPI 3.0, that its references lead somewhere, its
// examples against their schemas, and what the schema cannot tell.
//
// Input: { document }. Output: { version, operations, examples, problems: [text] }.
"use strict";

const { readInput } = require("./input");
const { misfit } = require("./schema");

const METHODS = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

let problems;
let examples;

function complain(where, text)
{
	problems.push(`${where}: ${text}`);
}

function checkExample(where, schema, example)
{
	examples++;
	const problem = misfit(schema, example);
	if (problem !== null)
		complain(where, `the example ${JSON.stringify(example)} does not fit: ${problem}`);
}

// The examples of a parameter, a header or a media type, and of its schema.
function checkExamplesOf(where, holder)
{
	if (holder.schema === undefined)
		return;
	if (holder.example !== undefined)
		checkExample(`${where}.example`, holder.schema, holder.example);
	for (const [name, example] of Object.entries(holder.examples || {}))
		checkExample(`${where}.examples.${name}`, holder.schema, example.value);
	checkSchema(`${where}.schema`, holder.schema);
}

function checkSchema(where, schema, depth = 0)
{
	if (depth > 20)
		return;
	if (schema.example !== undefined)
		checkExample(`${where}.example`, schema, schema.example);
	if (schema.default !== undefined)
		checkExample(`${where}.default`, schema, schema.default);
	for (const name of schema.required || [])
	{
		if (schema.properties && !(name in schema.properties))
			complain(where, `requires "${name}", which is no property`);
	}
	for (const [name, property] of Object.entries(schema.properties || {}))
		checkSchema(`${where}.${name}`, property, depth + 1);
	if (schema.items)
		checkSchema(`${where}.items`, schema.items, depth + 1);
	for (const kind of ["allOf", "anyOf", "oneOf"])
	{
		for (const part of schema[kind] || [])
			checkSchema(`${where}.${kind}`, part, depth + 1);
	}
}

function checkParameters(where, path, parameters)
{
	const inPath = new Set([...path.matchAll(/\{([^}]+)\}/g)].map((match) => match[1]));
	const seen = new Set();

	for (const parameter of parameters)
	{
		const key = `${parameter.in} ${parameter.name}`;

		if (seen.has(key))
			complain(where, `has ${key} twice`);
		seen.add(key);
		if (parameter.in === "path" && !inPath.delete(parameter.name))
			complain(where, `"${parameter.name}" is not in the path`);
		if (parameter.in === "path" && parameter.required !== true)
			complain(where, `"${parameter.name}" must be required`);
		checkExamplesOf(`${where} ${parameter.name}`, parameter);
	}
	for (const name of inPath)
		complain(where, `{${name}} is not among the parameters`);
}

function checkOperation(where, path, shared, operation, tags)
{
	checkParameters(where, path, [...(shared || []), ...(operation.parameters || [])]);
	for (const tag of operation.tags || [])
	{
		if (!tags.has(tag))
			complain(where, `the tag "${tag}" is not declared`);
	}
	for (const [type, media] of Object.entries(operation.requestBody?.content || {}))
		checkExamplesOf(`${where} body ${type}`, media);
	for (const [status, response] of Object.entries(operation.responses))
	{
		for (const [type, media] of Object.entries(response.content || {}))
			checkExamplesOf(`${where} ${status} ${type}`, media);
		for (const [name, header] of Object.entries(response.headers || {}))
			checkExamplesOf(`${where} ${status} ${name}`, header);
	}
}

function checkPaths(specification)
{
	const tags = new Set((specification.tags || []).map((tag) => tag.name));
	const ids = new Set();
	let operations = 0;

	for (const [path, item] of Object.entries(specification.paths))
	{
		for (const method of METHODS.filter((name) => item[name]))
		{
			const operation = item[method];

			operations++;
			if (!operation.operationId || ids.has(operation.operationId))
				complain(`${method} ${path}`, "has no operationId of its own");
			ids.add(operation.operationId);
			checkOperation(`${method} ${path}`, path, item.parameters, operation, tags);
		}
	}
	return operations;
}

function checkComponents(specification)
{
	const used = JSON.stringify(specification);

	for (const [kind, parts] of Object.entries(specification.components || {}))
	{
		for (const name of Object.keys(parts))
		{
			if (kind !== "securitySchemes" && !used.includes(`"#/components/${kind}/${name}"`))
				complain(`components.${kind}.${name}`, "is not used");
		}
	}
}

async function main()
{
	const { document } = await readInput();
	const { Validator } = await import(require.resolve("@seriousme/openapi-schema-validator"));
	const validator = new Validator();
	const result = await validator.validate(JSON.parse(JSON.stringify(document)));
	let operations = 0;

	problems = [];
	examples = 0;
	if (!result.valid)
	{
		for (const error of [].concat(result.errors))
			complain(error.instancePath || "document", error.message || String(error));
	}
	else
	{
		checkComponents(document);
		try
		{
			operations = checkPaths(validator.resolveRefs());
		}
		catch (error)
		{
			complain("document", error.message);
		}
	}
	process.stdout.write(JSON.stringify({ version: validator.version, operations, examples, problems }));
}

main();
