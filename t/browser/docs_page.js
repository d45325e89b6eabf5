// Opens the documentation page in Chromium, logs in and calls an operation, as somebody would who reads it.
//
// Input: { url, domain, token, profile, browser }. Output: { checks: [{ name, good, detail }] }.
"use strict";

const { chromium } = require("playwright-core");
const { readInput } = require("./input");

const LIMIT = 60000;

// Nothing but the page's own server is asked.
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
	"--disable-component-update", "--disable-sync", "--disable-default-apps", "--no-proxy-server"];

const checks = [];

function ok(good, name, detail)
{
	checks.push({ name, good: Boolean(good), detail: detail === undefined ? "" : String(detail) });
}

function is(got, expected, name)
{
	ok(got === expected, name, `got ${JSON.stringify(got)}, expected ${JSON.stringify(expected)}`);
}

// What goes wrong in the page, and which addresses it asks for.
function watch(page)
{
	const seen = { problems: [], addresses: [] };

	page.on("console", (message) =>
	{
		if (["error", "warning"].includes(message.type()))
			seen.problems.push(message.text());
	});
	page.on("pageerror", (error) => seen.problems.push(error.message));
	page.on("requestfailed", (request) => seen.problems.push(`${request.url()}: ${request.failure()?.errorText}`));
	page.on("request", (request) => seen.addresses.push(request.url()));
	return seen;
}

async function load(page, url)
{
	// A violation of the policy is told to the document before anything else runs.
	await page.addInitScript(() =>
	{
		window.violations = [];
		document.addEventListener("securitypolicyviolation", (event) =>
			window.violations.push(`${event.violatedDirective}: ${event.blockedURI}`));
	});
	const response = await page.goto(`${url}/static/swagger-ui`);
	is(response.status(), 200, "the page is loaded");
	is(page.url(), `${url}/static/swagger-ui/`, "with a slash at its end");
	await page.locator(".swagger-ui .info .title").waitFor();
	ok((await page.locator(".swagger-ui .info .title").textContent()).startsWith("Self-host API"), "it shows the API's title");
	const operations = await page.evaluate(() => window.ui.specSelectors.operations().size);
	ok(operations >= 40, "it knows all operations", operations);
}

async function logIn(page, domain, token)
{
	await page.locator(".auth-wrapper .authorize").click();
	const dialog = page.locator(".modal-ux");
	await dialog.locator("input[type=text]").fill(domain);
	await dialog.locator("input[type=password]").fill(token);
	await dialog.locator("button.authorize").click();
	await dialog.locator("button", { hasText: "Logout" }).waitFor();
	ok(true, "domain and token are taken");
	await dialog.locator("button.btn-done").click();
}

// Opens an operation and calls it; what the page shows of the answer.
async function execute(page, tag, id, parameters)
{
	const section = page.locator(`#operations-tag-${tag}`);
	const operation = page.locator(`#operations-${tag}-${id}`);

	if (await operation.count() === 0)
		await section.click();
	await operation.locator(".opblock-summary-control").click();
	await operation.locator("button.try-out__btn").click();
	for (const [name, value] of Object.entries(parameters))
		await operation.locator(`tr[data-param-name="${name}"] input`).fill(value);
	await operation.locator("button.execute").click();
	const answer = operation.locator(".live-responses-table");
	await answer.waitFor();
	return {
		status: (await answer.locator("tbody .response-col_status").first().textContent()).trim(),
		body: (await answer.locator(".response-col_description .highlight-code, .response-col_description pre").first().textContent()),
	};
}

// Opens everything that can be opened: each group, operation and model.
async function openAll(page)
{
	const opened = await page.evaluate(async () =>
	{
		const settle = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 0)));
		const clickAll = async (selector) =>
		{
			const buttons = [...document.querySelectorAll(selector)];
			buttons.forEach((button) => button.click());
			await settle();
			return buttons.length;
		};

		await clickAll(".opblock-tag-section:not(.is-open) .opblock-tag");
		await clickAll(".opblock:not(.is-open) .opblock-summary-control");
		await clickAll(".model-example .tab li:not(.active) button");
		await clickAll(".models-control[aria-expanded=false]");
		await clickAll(".model-box-control[aria-expanded=false], .json-schema-2020-12-accordion");
		return document.querySelectorAll(".opblock.is-open").length;
	});
	ok(opened >= 40, "all operations are opened", opened);
}

async function visit(page, { url, domain, token })
{
	const seen = watch(page);

	await load(page, url);
	await logIn(page, domain, token);
	const me = await execute(page, "users", "get_me", {});
	is(me.status, "200", "GET /v2/users/me is answered 200");
	ok(/"name":\s*"root"/.test(me.body), "with the root user", me.body);
	is(seen.problems.join("\n"), "", "nothing went wrong in the page");

	const none = await execute(page, "things", "get_thing", { uuid: "7b2e4f60-1c3d-4d5e-8f9a-0b1c2d3e4f50" });
	is(none.status.slice(0, 3), "404", "a thing that does not exist is answered 404");
	ok(/does not exist/.test(none.body), "with the reason", none.body);
	await openAll(page);
	is((await page.evaluate(() => window.violations)).join("\n"), "", "the page keeps to its policy");
	is(seen.addresses.filter((address) => !address.startsWith(`${url}/`) && !address.startsWith("data:")).join("\n"), "",
		"it asks nobody else");

	// The policy is in force: a script of another origin and code in the page do not run.
	const policy = await page.evaluate(async () =>
	{
		const script = document.createElement("script");
		script.textContent = "window.ran = true";
		document.body.append(script);
		await new Promise((resolve) => setTimeout(resolve, 0));
		return [window.ran === undefined, window.violations.length > 0];
	});
	is(JSON.stringify(policy), "[true,true]", "code that is put into the page does not run");
}

async function main()
{
	const input = await readInput();
	const context = await chromium.launchPersistentContext(input.profile, {
		executablePath: input.browser, headless: true, args: FLAGS, chromiumSandbox: false, timeout: LIMIT });

	try
	{
		const page = context.pages()[0] || await context.newPage();
		page.setDefaultTimeout(LIMIT);
		await visit(page, input);
	}
	catch (error)
	{
		ok(false, "the visit goes on to its end", error.stack);
	}
	finally
	{
		await context.close();
	}
	process.stdout.write(JSON.stringify({ checks }));
}

main();
