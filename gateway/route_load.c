/*
 * route_load.c: openapi.yaml -> the table of operations.
 *
 * What is checked here is what the gateway relies on: a document that loads cannot make it build a
 * wrong statement, route a request twice or mix up parameters. All violations are logged, with the
 * line, before the load fails.
 */
#include "route_load.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "uri.h"

#define ARENA_LIMIT		 (4 * 1024 * 1024)
#define JSON_LIMIT		 (4 * 1024 * 1024)
#define DEFAULT_MAX_BODY (1024 * 1024)
#define MAX_MAX_BODY	 ((int64_t) 1024 * 1024 * 1024)

static const char *const path_keys[] = {"summary", "description", "parameters", "servers", "$ref"};

static const struct
{
	const char *key;
	GwMethod method;
} methods[] = {{"get", GW_GET}, {"put", GW_PUT}, {"post", GW_POST}, {"delete", GW_DELETE}};

void *
gw_load_alloc(GwLoader *loader, size_t size)
{
	void *memory = shc_arena_zalloc(loader->routes->arena, size);

	if (memory == NULL)
		loader->out_of_memory = true;
	return memory;
}

const char *
gw_load_text(GwLoader *loader, struct fy_node *node, struct fy_node *near, const char *what)
{
	const char *text = gw_node_text(node, loader->routes->arena);

	if (text != NULL)
		return text;
	gw_document_complain(&loader->document, node != NULL ? node : near, "%s: must be given as text",
						 what);
	return "";
}

bool
gw_load_is_identifier(const char *text)
{
	size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_");

	return len > 0 && len <= GW_IDENTIFIER_MAX && text[len] == '\0' &&
		   !isdigit((unsigned char) *text);
}

/* ---- bodies and answers ---- */

static void
load_media_types(GwLoader *loader, struct fy_node *body, GwOperation *operation)
{
	struct fy_node *content = gw_node_get(&loader->document, body, "content");
	struct fy_node_pair *pair;
	void *iterator = NULL;
	const char **types;
	int n = 0;

	if (content == NULL || !fy_node_is_mapping(content) || fy_node_mapping_item_count(content) < 1)
	{
		gw_document_complain(&loader->document, body, "%s: the body has no content types",
							 operation->id);
		return;
	}
	types =
		gw_load_alloc(loader, sizeof(char *) * ((size_t) fy_node_mapping_item_count(content) + 1));
	if (types == NULL)
		return;
	while ((pair = fy_node_mapping_iterate(content, &iterator)) != NULL)
		types[n++] = gw_load_text(loader, fy_node_pair_key(pair), content, "content");
	operation->media_types = types;
}

/* x-max-body: a number of bytes, or a key of the configuration. */
static void
load_max_body(GwLoader *loader, struct fy_node *node, GwOperation *operation)
{
	GwDocument *document = &loader->document;
	struct fy_node *limit = gw_node_get(document, node, "x-max-body");
	const char *key = gw_node_text(limit, loader->routes->arena);

	operation->max_body = DEFAULT_MAX_BODY;
	if (key != NULL && gw_config_size(loader->config, key, &operation->max_body))
		return;
	gw_node_integer(document, node, "x-max-body", &operation->max_body);
	if (operation->max_body < 1 || operation->max_body > MAX_MAX_BODY)
		gw_document_complain(document, limit, "x-max-body: must be from 1 to %lld",
							 (long long) MAX_MAX_BODY);
}

static void
load_body(GwLoader *loader, struct fy_node *node, GwOperation *operation)
{
	GwDocument *document = &loader->document;
	struct fy_node *body = gw_node_get(document, node, "requestBody");
	struct fy_node *form = gw_node_get(document, node, "x-body");
	int64_t status = 413;

	load_max_body(loader, node, operation);
	gw_node_integer(document, node, "x-too-large-status", &status);
	operation->too_large_status = (int) status;
	if (status != 400 && status != 413)
		gw_document_complain(document, gw_node_get(document, node, "x-too-large-status"),
							 "x-too-large-status: must be 400 or 413");
	operation->body_raw = gw_node_is(form, "raw");
	if (form != NULL && !operation->body_raw && !gw_node_is(form, "json"))
		gw_document_complain(document, form, "x-body: must be raw or json");
	if (body == NULL)
	{
		if (form != NULL)
			gw_document_complain(document, form, "x-body: the operation has no body");
		return;
	}
	operation->has_body = true;
	gw_node_bool(document, body, "required", &operation->body_required);
	load_media_types(loader, body, operation);
}

static void
load_head(GwLoader *loader, struct fy_node *node, GwOperation *operation)
{
	bool has_head = true;

	gw_node_bool(&loader->document, node, "x-head", &has_head);
	operation->no_head = !has_head;
}

static void
load_success(GwLoader *loader, struct fy_node *node, GwOperation *operation)
{
	GwDocument *document = &loader->document;
	struct fy_node *responses = gw_node_get(document, node, "responses");
	struct fy_node *varies = gw_node_get(document, node, "x-status");
	struct fy_node *success = NULL;
	struct fy_node_pair *pair;
	void *iterator = NULL;
	int n = 0;

	if (responses != NULL && !fy_node_is_mapping(responses))
		responses = NULL;
	while (responses != NULL && (pair = fy_node_mapping_iterate(responses, &iterator)) != NULL)
	{
		size_t len;
		const char *status = fy_node_get_scalar(fy_node_pair_key(pair), &len);

		if (status == NULL || len != 3 || status[0] != '2')
			continue;
		if (!isdigit((unsigned char) status[1]) || !isdigit((unsigned char) status[2]))
			gw_document_complain(document, fy_node_pair_key(pair), "%s: 2xx must be one status",
								 operation->id);
		if (n++ == 0)
		{
			operation->success_status = 200 + (status[1] - '0') * 10 + (status[2] - '0');
			success = gw_node_resolve(document, fy_node_pair_value(pair));
		}
	}
	if (varies != NULL && !gw_node_is(varies, "varies"))
		gw_document_complain(document, varies, "x-status: must be varies");
	if (n == 0 || (n > 1 && varies == NULL))
		gw_document_complain(document, responses != NULL ? responses : node,
							 "%s: must have one 2xx response (or x-status: varies)", operation->id);
	success = gw_node_get(document, success, "content");
	iterator = NULL;
	if (success != NULL && fy_node_is_mapping(success) &&
		(pair = fy_node_mapping_iterate(success, &iterator)) != NULL)
		operation->success_media_type =
			gw_load_text(loader, fy_node_pair_key(pair), success, "content");
}

/* ---- operations and paths ---- */

static void
load_lane(GwLoader *loader, struct fy_node *node, GwOperation *operation)
{
	struct fy_node *lane = gw_node_get(&loader->document, node, "x-lane");

	operation->lane = gw_node_is(lane, "fast") ? GW_LANE_FAST : GW_LANE_HEAVY;
	if (lane != NULL && operation->lane != GW_LANE_FAST && !gw_node_is(lane, "heavy"))
		gw_document_complain(&loader->document, lane, "x-lane: must be fast or heavy");
	/* Its connections are read-only, and an answer may be asked for again. */
	if (operation->lane == GW_LANE_FAST && operation->method != GW_GET)
		gw_document_complain(&loader->document, lane, "x-lane: only GET can take the fast lane");
}

/*
 * x-deferred: the function that is asked for the answer. Those of all operations stand behind them in the
 * table, each once; until all operations are there, an operation keeps the name in a stand-in.
 */
static void
load_deferred(GwLoader *loader, struct fy_node *node, GwOperation *operation)
{
	struct fy_node *deferred = gw_node_get(&loader->document, node, "x-deferred");
	GwOperation *stand_in = deferred != NULL ? gw_load_alloc(loader, sizeof(GwOperation)) : NULL;

	if (stand_in == NULL)
		return;
	stand_in->id = gw_load_text(loader, deferred, node, "x-deferred");
	if (!gw_load_is_identifier(stand_in->id))
		gw_document_complain(&loader->document, deferred, "x-deferred: must name a function");
	if (operation->lane == GW_LANE_FAST)
		gw_document_complain(&loader->document, deferred, "x-deferred: needs the heavy lane");
	operation->deferred = stand_in;
}

static const GwOperation *
place_deferred(GwRoutes *routes, const GwOperation *stand_in)
{
	static const GwParameter ticket = {
		.name = "ticket", .argument = "ticket", .type = GW_TYPE_INTEGER};
	int all = gw_routes_count_all(routes);

	for (int i = routes->noperations; i < all; i++)
	{
		if (strcmp(routes->operations[i].id, stand_in->id) == 0)
			return &routes->operations[i];
	}
	routes->operations[all] = (GwOperation){.index = all,
											.id = stand_in->id,
											.method = GW_POST,
											.path = "",
											.lane = GW_LANE_HEAVY,
											.nparameters = 1,
											.parameters = &ticket,
											.success_status = 200};
	routes->ndeferred++;
	return &routes->operations[all];
}

static void
place_all_deferred(GwRoutes *routes)
{
	for (int i = 0; i < routes->noperations; i++)
	{
		GwOperation *operation = &routes->operations[i];

		if (operation->deferred != NULL)
			operation->deferred = place_deferred(routes, operation->deferred);
	}
}

static void
load_operation(GwLoader *loader, const GwLoadedPath *path, GwMethod method, struct fy_node *node)
{
	GwRoutes *routes = loader->routes;
	GwOperation *operation = &routes->operations[routes->noperations];

	operation->index = routes->noperations;
	operation->method = method;
	operation->path = path->template;
	operation->id = gw_load_text(loader, gw_node_get(&loader->document, node, "operationId"), node,
								 "operationId");
	if (!gw_load_is_identifier(operation->id))
		gw_document_complain(&loader->document, node,
							 "operationId: \"%s\" is not of the form "
							 "[a-z_][a-z0-9_]*, at most %d",
							 operation->id, GW_IDENTIFIER_MAX);
	for (int i = 0; i < routes->noperations; i++)
	{
		if (strcmp(routes->operations[i].id, operation->id) == 0)
			gw_document_complain(&loader->document, node, "operationId: %s is used twice",
								 operation->id);
	}
	/* Every route of the table asks for credentials. */
	if (gw_node_get(&loader->document, node, "security") != NULL)
		gw_document_complain(&loader->document, node, "%s: security cannot differ by operation",
							 operation->id);
	load_lane(loader, node, operation);
	load_deferred(loader, node, operation);
	load_body(loader, node, operation);
	load_head(loader, node, operation);
	gw_load_parameters(loader, path, node, operation);
	load_success(loader, node, operation);
	path->node->operation[method] = operation;
	routes->noperations++;
}

static bool
is_method(struct fy_node *key, GwMethod *method)
{
	for (size_t i = 0; i < LENGTH_OF(methods); i++)
	{
		if (gw_node_is(key, methods[i].key))
		{
			*method = methods[i].method;
			return true;
		}
	}
	return false;
}

static bool
is_path_key(struct fy_node *key)
{
	size_t len;
	const char *text = fy_node_get_scalar(key, &len);

	if (text != NULL && len > 2 && strncmp(text, "x-", 2) == 0)
		return true;
	for (size_t i = 0; i < LENGTH_OF(path_keys); i++)
	{
		if (gw_node_is(key, path_keys[i]))
			return true;
	}
	return false;
}

/* The child for a segment of a template, made where it is not there yet. NULL without memory. */
static GwRouteNode *
child_for(GwLoader *loader, GwRouteNode *parent, const char *segment, size_t len)
{
	bool is_parameter = segment[0] == '{';
	GwRouteNode *child = is_parameter ? parent->parameter : parent->children;

	while (!is_parameter && child != NULL &&
		   (child->len != len || memcmp(child->literal, segment, len) != 0))
		child = child->next;
	if (child != NULL)
		return child;
	child = gw_load_alloc(loader, sizeof(GwRouteNode));
	if (child == NULL)
		return NULL;
	if (is_parameter)
	{
		parent->parameter = child;
		return child;
	}
	child->literal = segment;
	child->len = len;
	child->next = parent->children;
	parent->children = child;
	return child;
}

/* Are all segments literals or {name}, each name once? Doubled and trailing slashes are not. */
static bool
is_template(const char *template)
{
	const char *p = template;
	const char *segment;
	size_t len;
	size_t total = 0;
	int n = 0;

	while ((segment = gw_uri_segment(&p, &len)) != NULL)
	{
		size_t inside = strcspn(segment, "{}");
		char name[GW_IDENTIFIER_MAX + 1];

		total += len + 1;
		n++;
		if (inside >= len)
		{
			if (memchr(segment, '%', len) != NULL)
				return false;
			continue;
		}
		if (inside != 0 || segment[0] != '{' || len < 3 || len - 2 > GW_IDENTIFIER_MAX ||
			strcspn(segment + 1, "{}") != len - 2 || segment[len - 1] != '}')
			return false;
		memcpy(name, segment + 1, len - 2);
		name[len - 2] = '\0';
		if (gw_load_segment(template, name) != n - 1)
			return false;
	}
	return n > 0 && n <= GW_MAX_SEGMENTS && total == strlen(template);
}

static bool
place_path(GwLoader *loader, struct fy_node *key, GwLoadedPath *path)
{
	const char *p = path->template;
	const char *segment;
	size_t len;
	GwRouteNode *node = loader->routes->root;

	if (!is_template(path->template))
	{
		gw_document_complain(&loader->document, key, "%s: not a usable path", path->template);
		return false;
	}
	while (node != NULL && (segment = gw_uri_segment(&p, &len)) != NULL)
		node = child_for(loader, node, segment, len);
	if (node == NULL)
		return false;
	if (node->is_path)
		gw_document_complain(&loader->document, key, "%s: another path matches the same requests",
							 path->template);
	node->is_path = true;
	path->node = node;
	return true;
}

static void
load_path(GwLoader *loader, struct fy_node *key, struct fy_node *item)
{
	GwLoadedPath path = {.item = item};
	struct fy_node_pair *pair;
	void *iterator = NULL;

	path.template = gw_load_text(loader, key, key, "paths");
	if (!place_path(loader, key, &path))
		return;
	if (item == NULL || !fy_node_is_mapping(item))
	{
		gw_document_complain(&loader->document, key, "%s: has no operations", path.template);
		return;
	}
	while ((pair = fy_node_mapping_iterate(item, &iterator)) != NULL && !loader->out_of_memory)
	{
		GwMethod method;

		if (is_method(fy_node_pair_key(pair), &method))
			load_operation(loader, &path, method, fy_node_pair_value(pair));
		else if (!is_path_key(fy_node_pair_key(pair)))
			gw_document_complain(&loader->document, fy_node_pair_key(pair),
								 "%s: only get, put, post and delete are supported", path.template);
	}
}

static size_t
count_operations(struct fy_node *paths)
{
	struct fy_node_pair *path;
	struct fy_node_pair *pair;
	void *outer = NULL;
	GwMethod method;
	size_t n = 0;

	while ((path = fy_node_mapping_iterate(paths, &outer)) != NULL)
	{
		void *inner = NULL;

		if (!fy_node_is_mapping(fy_node_pair_value(path)))
			continue;
		while ((pair = fy_node_mapping_iterate(fy_node_pair_value(path), &inner)) != NULL)
			n += is_method(fy_node_pair_key(pair), &method);
	}
	return n;
}

static void
load_document(GwLoader *loader)
{
	GwDocument *document = &loader->document;
	struct fy_node *root = fy_document_root(document->yaml);
	struct fy_node *paths = gw_node_get(document, root, "paths");
	const char *version =
		gw_node_text(gw_node_get(document, root, "openapi"), loader->routes->arena);
	struct fy_node_pair *pair;
	void *iterator = NULL;

	if (version == NULL || strncmp(version, "3.0.", 4) != 0)
		gw_document_complain(document, root, "openapi: must be 3.0.x");
	if (paths == NULL || !fy_node_is_mapping(paths) || count_operations(paths) == 0)
	{
		gw_document_complain(document, root, "paths: there are no operations");
		return;
	}
	loader->routes->operations =
		gw_load_alloc(loader, sizeof(GwOperation) * 2 * count_operations(paths));
	loader->routes->root = gw_load_alloc(loader, sizeof(GwRouteNode));
	while (!loader->out_of_memory && (pair = fy_node_mapping_iterate(paths, &iterator)) != NULL)
		load_path(loader, fy_node_pair_key(pair), fy_node_pair_value(pair));
	if (!loader->out_of_memory)
		place_all_deferred(loader->routes);
	else
		gw_document_complain(document, root, "the document is too large, or there is no memory");
}

static void
render_json(GwLoader *loader)
{
	ShcBuf json;

	shc_buf_init(&json, JSON_LIMIT);
	if (gw_document_json(&loader->document, &json))
	{
		loader->routes->json = json.data;
		loader->routes->json_len = json.len;
		return;
	}
	gw_document_complain(&loader->document, NULL, "cannot be rendered as JSON: too large or deep");
	shc_buf_free(&json);
}

bool
gw_routes_load(const char *file, const GwConfig *config, GwRoutes **out)
{
	GwLoader loader = {.config = config};
	bool loaded;

	*out = NULL;
	if (!gw_document_read(file, &loader.document))
		return false;
	loader.routes = calloc(1, sizeof(GwRoutes));
	if (loader.routes != NULL)
		loader.routes->arena = shc_arena_new(ARENA_LIMIT);
	if (loader.routes == NULL || loader.routes->arena == NULL)
		gw_document_complain(&loader.document, NULL, "out of memory");
	else
	{
		load_document(&loader);
		render_json(&loader);
	}
	loaded = loader.document.errors == 0;
	gw_document_free(&loader.document);
	if (loaded)
		*out = loader.routes;
	else
		gw_routes_free(loader.routes);
	return loaded;
}
