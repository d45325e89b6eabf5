// Drives the API through a client that is made from its description: each operation is a method of the
// client, and each answer must have a status and a body that the description tells of.
//
// Input: { url, domain, token }. Output: { checks: [{ name, good, detail }], unused: [operationId] }.
"use strict";

const { createHash } = require("node:crypto");
const { isDeepStrictEqual } = require("node:util");
const OpenAPIClientAxios = require("openapi-client-axios").default;
const { readInput } = require("./input");
const { misfit } = require("./schema");

const checks = [];
const used = new Set();

function ok(good, name, detail)
{
	checks.push({ name, good: Boolean(good), detail: detail === undefined ? "" : String(detail) });
	return good;
}

function is(got, expected, name)
{
	return ok(isDeepStrictEqual(got, expected), name,
		`got ${JSON.stringify(got)}, expected ${JSON.stringify(expected)}`);
}

async function connect({ url, domain, token })
{
	const api = new OpenAPIClientAxios({
		definition: `${url}/openapi3.json`,
		withServer: { url },
		axiosConfigDefaults: {
			auth: { username: domain, password: token },
			validateStatus: () => true,
			proxy: false,
			// Repeated parameters, as "style: form, explode: true" says.
			paramsSerializer: { indexes: null },
		},
	});

	await api.init();
	return api;
}

// The answer is one that the description tells of.
function checkAnswer(operation, response)
{
	const id = operation.operationId;
	const described = operation.responses[response.status];

	if (!ok(described !== undefined, `${id}: ${response.status} is described`))
		return;
	const type = response.headers["content-type"] || "";
	if (described.content === undefined)
	{
		is(response.data, "", `${id}: ${response.status} has no body`);
		return;
	}
	const media = described.content[type] || described.content[type.split(";")[0]];
	if (ok(media !== undefined, `${id}: ${response.status} in ${type} is described`) && media.schema)
	{
		const problem = misfit(media.schema, response.data);
		ok(problem === null, `${id}: the body of ${response.status} fits its schema`, problem);
	}
	for (const [name, header] of Object.entries(described.headers || {}))
	{
		if (header.required)
			ok(response.headers[name.toLowerCase()] !== undefined, `${id}: has the header ${name}`);
	}
}

// Calls an operation and returns its answer's body.
async function call(api, status, id, parameters, body, config)
{
	const operation = api.getOperation(id);

	if (!ok(operation !== undefined, `${id} is described`))
		return undefined;
	const response = await api.client[id](parameters || {}, body, config);
	used.add(id);
	ok(response.status === status, `${id} is answered ${status}`,
		`got ${response.status}: ${JSON.stringify(response.data)}`);
	checkAnswer(operation, response);
	return response.data;
}

const names = (list) => list.map((item) => item.name);

async function users(api, input)
{
	const root = await call(api, 200, "get_me");
	is(root.name, "root", "root is acting");
	const user = await call(api, 201, "create_user", {}, { name: "anna" });
	is(user.name, "anna", "the new user's name");
	const { uuid } = user;
	const token = await call(api, 201, "create_user_token", { uuid }, { name: "client" });
	is(names(await call(api, 200, "list_user_tokens", { uuid })), ["client"], "the token is listed");
	await call(api, 204, "set_user_rate", { uuid }, { rate: 5000 });

	const group = await call(api, 201, "create_group", {}, { name: "caretakers" });
	await call(api, 204, "update_user", { uuid }, { groups_add: [group.uuid] });
	is(names((await call(api, 200, "get_user", { uuid })).groups).sort(), ["anna", "caretakers"], "the user is in both groups");
	await call(api, 204, "update_group", { uuid: group.uuid }, { name: "keepers" });
	is((await call(api, 200, "get_group", { uuid: group.uuid })).name, "keepers", "the group has its new name");
	ok(names(await call(api, 200, "list_groups")).includes("keepers"), "the group is listed");
	ok(names(await call(api, 200, "list_users")).includes("anna"), "the user is listed");

	const policy = await call(api, 201, "create_policy", {}, {
		group_uuid: group.uuid, priority: 0, effect: "allow", action: "read", resource: "users/me" });
	await call(api, 204, "update_policy", { uuid: policy.uuid }, { resource: "users/%" });
	is((await call(api, 200, "get_policy", { uuid: policy.uuid })).resource, "users/%", "the policy is changed");
	const uuids = (list) => list.map((item) => item.uuid);
	ok(uuids(await call(api, 200, "list_user_policies", { uuid })).includes(policy.uuid), "it is the user's");
	is(uuids(await call(api, 200, "list_group_policies", { uuid: group.uuid })), [policy.uuid], "and the group's");
	is(uuids(await call(api, 200, "list_policies", { group_uuids: [group.uuid] })), [policy.uuid], "and is listed");

	// The new user, with rights of his own.
	const anna = await connect({ ...input, token: token.secret });
	is((await call(anna, 200, "get_me")).uuid, uuid, "the token is the new user's");
	await call(anna, 200, "get_user", { uuid: root.uuid });
	await call(anna, 403, "create_thing", {}, { name: "nothing" });
	await call(api, 204, "delete_policy", { uuid: policy.uuid });
	await call(anna, 403, "get_user", { uuid: root.uuid });
	await call(api, 204, "delete_user_token", { uuid, token_uuid: token.uuid });
	await call(anna, 401, "get_me");
	await call(api, 204, "delete_group", { uuid: group.uuid });
	await call(api, 404, "get_group", { uuid: group.uuid });
	await call(api, 204, "delete_user", { uuid });
	await call(api, 404, "get_user", { uuid });
}

async function things(api)
{
	const thing = await call(api, 201, "create_thing", {}, { name: "boiler", type: "device", tags: ["hall 2", "a&b=c"] });
	const { uuid } = thing;
	await call(api, 204, "update_thing", { uuid }, { state: "active", type: null });
	is(await call(api, 200, "get_thing", { uuid }), { ...thing, state: "active", type: null }, "the thing is changed");
	is(names(await call(api, 200, "list_things", { tags: ["hall 2"] })), ["boiler"], "a thing by its tag");
	is(names(await call(api, 200, "list_things", { tags: ["a&b=c"] })), ["boiler"], "also with reserved characters");
	is(names(await call(api, 200, "list_things", { tags: ["hall 3"] })), [], "not by another");
	is(await call(api, 200, "list_thing_datasets", { uuid }), [], "the thing has no datasets");
	await call(api, 400, "create_thing", {}, { name: "x" });
	await call(api, 400, "list_things", { limit: 0 });
	return thing;
}

const window = { start: "2024-03-01T00:00:00Z", end: "2024-03-02T00:00:00Z" };

async function points(api, series, other)
{
	const { uuid } = series;
	const rows = [{ ts: "2024-03-01T12:00:00Z", v: 21.5 }, { ts: "2024-03-01T12:01:00Z", v: 21.625 }];

	await call(api, 201, "add_timeseries_data", { uuid }, rows);
	await call(api, 409, "add_timeseries_data", { uuid }, rows);
	await call(api, 201, "add_timeseries_data", { uuid, conflict: "skip" }, rows);
	is(await call(api, 200, "get_timeseries_data", { uuid, ...window }), rows, "the points come back");
	is(await call(api, 200, "get_timeseries_data", { uuid, ...window, ge: 21.6 }), rows.slice(1), "those that are asked for");
	is(await call(api, 200, "get_timeseries_data", { uuid, ...window, unit: "K" }),
		[{ ts: rows[0].ts, v: 294.65 }, { ts: rows[1].ts, v: 294.775 }], "in another unit");
	is(await call(api, 200, "get_timeseries_data", { uuid, ...window, precision: "day", aggregate: "max", timezone: "Europe/Stockholm" }),
		[{ ts: "2024-03-01T00:00:00+01:00", v: 21.625 }], "the largest of a day");
	is(await call(api, 200, "get_timeseries_data", { uuid, ...window }, undefined, { headers: { Accept: "text/csv" } }),
		"ts,v\n2024-03-01T12:00:00Z,21.5\n2024-03-01T12:01:00Z,21.625\n", "as CSV");
	await call(api, 201, "add_points", {}, [{ uuid: other.uuid, ts: "2024-03-01T12:00:00+01:00", v: 1e-7 }]);
	await call(api, 201, "add_timeseries_data", { uuid: other.uuid }, "ts,v\n2024-03-01T12:00:00Z,3\n",
		{ headers: { "Content-Type": "text/csv" } });
	is(await call(api, 200, "query_timeseries", { uuids: [other.uuid, uuid], ...window }), [
		{ uuid: other.uuid, data: [{ ts: "2024-03-01T11:00:00Z", v: 1e-7 }, { ts: "2024-03-01T12:00:00Z", v: 3 }] },
		{ uuid, data: rows }], "several series at once");
	await call(api, 204, "delete_timeseries_data", { uuid, ...window, le: 21.5 });
	is(await call(api, 200, "get_timeseries_data", { uuid, ...window }), rows.slice(1), "a deleted point is gone");
	await call(api, 400, "get_timeseries_data", { uuid, start: "yesterday", end: window.end });
}

async function timeseries(api, thing)
{
	const series = await call(api, 201, "create_timeseries", {}, {
		name: "supply temperature", si_unit: "C", thing_uuid: thing.uuid, lower_bound: -40, upper_bound: 120, tags: ["heating"] });
	const other = await call(api, 201, "create_timeseries", {}, { name: "other", si_unit: "W" });
	const { uuid } = series;

	await call(api, 204, "update_timeseries", { uuid }, { name: "supply", upper_bound: null });
	is(await call(api, 200, "get_timeseries", { uuid }), { ...series, name: "supply", upper_bound: null }, "the series is changed");
	is(names(await call(api, 200, "list_timeseries", { limit: 10 })).sort(), ["other", "supply"], "both are listed");
	is(names(await call(api, 200, "list_thing_timeseries", { uuid: thing.uuid })), ["supply"], "one is the thing's");
	await points(api, series, other);
	await call(api, 204, "delete_timeseries", { uuid });
	await call(api, 204, "delete_timeseries", { uuid: other.uuid });
	await call(api, 404, "get_timeseries", { uuid });
}

async function alerts(api)
{
	const report = {
		resource: "boiler 2", environment: "production", event: "too hot", severity: "major", value: "95 C",
		description: "above 90 C", origin: "supervision", service: ["heating"], tags: ["x"], rawdata: "AAH/" };
	const { uuid } = await call(api, 201, "create_alert", {}, report);

	is(await call(api, 201, "create_alert", {}, { ...report, severity: "critical" }), { uuid }, "a repetition is merged");
	await call(api, 204, "update_alert", { uuid }, { status: "acknowledge" });
	const alert = await call(api, 200, "get_alert", { uuid });
	is([alert.status, alert.severity, alert.previous_severity, alert.duplicate, alert.rawdata],
		["acknowledge", "critical", "major", 1, "AAH/"], "the alert");
	is((await call(api, 200, "list_alerts", { status: "acknowledge", severity_ge: "major" })).length, 1, "is found");
	is(await call(api, 200, "list_alerts", { status: "open" }), [], "by its status only");
	await call(api, 204, "delete_alert", { uuid });
	await call(api, 404, "get_alert", { uuid });
}

const hash = (kind, bytes) => createHash(kind).update(bytes).digest("hex");

// Content in parts: the second one first.
async function upload(api, uuid)
{
	const parts = [Buffer.alloc(5242880, "0123456789"), Buffer.from([0, 255, 10, 13])];
	const { uploadId } = await call(api, 200, "create_dataset_upload", { uuid });
	const put = (i) => call(api, 200, "put_dataset_part",
		{ uuid, uploadId, partNumber: i + 1, "Content-MD5": hash("md5", parts[i]) }, parts[i],
		{ headers: { "Content-Type": "application/octet-stream" } });

	await put(1);
	await put(0);
	is(await call(api, 200, "list_dataset_parts", { uuid, uploadId }),
		parts.map((part, i) => ({ partNumber: i + 1, size: part.length, checksum: hash("md5", part) })), "the parts");
	const dataset = await call(api, 201, "assemble_dataset",
		{ uuid, uploadId, partNumber: 1, "Content-MD5": hash("md5", "") });
	is([dataset.size, dataset.checksum], [5242884, hash("sha256", Buffer.concat(parts))], "are the content");
	is(await call(api, 206, "get_dataset_raw", { uuid, Range: "bytes=5242878-5242880" }, undefined, { responseType: "latin1" }),
		"89\0", "of which a part can be read");

	const other = await call(api, 200, "create_dataset_upload", { uuid });
	await call(api, 204, "delete_dataset_upload", { uuid, uploadId: other.uploadId });
	await call(api, 400, "list_dataset_parts", { uuid, uploadId: other.uploadId });
}

async function datasets(api, thing)
{
	const content = "room,area\n1,12.5\n";
	const dataset = await call(api, 201, "create_dataset", {}, {
		name: "areas of rooms", format: "csv", content: Buffer.from(content).toString("base64"), thing_uuid: thing.uuid, tags: ["basement"] });
	const { uuid } = dataset;

	is([dataset.size, dataset.checksum], [content.length, hash("sha256", content)], "size and checksum of the new dataset");
	is(await call(api, 200, "get_dataset", { uuid }), dataset, "the dataset");
	is(await call(api, 200, "get_dataset_raw", { uuid }), content, "its content");
	is(names(await call(api, 200, "list_datasets", { tags: ["basement"] })), ["areas of rooms"], "is found by its tag");
	is(names(await call(api, 200, "list_thing_datasets", { uuid: thing.uuid })), ["areas of rooms"], "is the thing's");
	await call(api, 204, "update_dataset", { uuid }, { name: "areas", format: "misc", thing_uuid: null });
	is((await call(api, 200, "get_dataset", { uuid })).name, "areas", "has its new name");
	await upload(api, uuid);
	await call(api, 204, "delete_dataset", { uuid });
	await call(api, 404, "get_dataset", { uuid });
}

async function programs(api)
{
	const program = await call(api, 201, "create_program", {}, {
		name: "daily report", type: "routine", state: "inactive", schedule: "TZ=Europe/Stockholm 0 30 6 * * mon-fri",
		deadline: 5000, language: "lua", tags: ["reports"] });
	const { uuid } = program;
	const text = { headers: { "Content-Type": "text/plain" } };

	await call(api, 204, "update_program", { uuid }, { deadline: 6000 });
	is(await call(api, 200, "get_program", { uuid }), { ...program, deadline: 6000 }, "the program is changed");
	is(names(await call(api, 200, "list_programs", { tags: ["reports"] })), ["daily report"], "and found by its tag");
	const first = await call(api, 201, "upload_program_code", { uuid }, "a = 1\n", text);
	const second = await call(api, 201, "upload_program_code", { uuid }, "a = 2\n", text);
	is([first.revision, second.revision, second.checksum], [0, 1, hash("sha256", "a = 2\n")], "two revisions");
	is(await call(api, 200, "diff_program_revisions", { uuid, rev_a: 0, rev_b: 1 }),
		`--- ${uuid}@0\n+++ ${uuid}@1\n@@ -1 +1 @@\n-a = 1\n+a = 2\n`, "their difference");
	await call(api, 404, "get_program_code", { uuid });
	await call(api, 204, "sign_program_revision", { uuid, revision_id: 1 });
	is(await call(api, 200, "get_program_code", { uuid }), "a = 2\n", "the code is the signed one");
	await call(api, 204, "delete_program_revision", { uuid, revision_id: 0 });
	is((await call(api, 200, "list_program_revisions", { uuid })).map((item) => item.revision), [1], "one revision is left");
	is(await call(api, 200, "list_program_runs", { uuid }), [], "it has not run");
	await call(api, 404, "call_program_webhook", { uuid }, "x", text);
	await call(api, 404, "get_program_webhook", { uuid });
	await call(api, 400, "create_program", {}, { ...program, schedule: "sometimes" });
	await call(api, 204, "delete_program", { uuid });
	await call(api, 404, "get_program", { uuid });
}

async function main()
{
	const input = await readInput();
	const api = await connect(input);
	const ids = api.getOperations().map((operation) => operation.operationId);

	await users(api, input);
	const thing = await things(api);
	await timeseries(api, thing);
	await alerts(api);
	await datasets(api, thing);
	await programs(api);
	await call(api, 204, "delete_thing", { uuid: thing.uuid });
	await call(api, 404, "get_thing", { uuid: thing.uuid });
	process.stdout.write(JSON.stringify({ checks, unused: ids.filter((id) => !used.has(id)) }));
}

main();
