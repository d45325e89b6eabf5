/*
 * route_load.c: openapi.yaml -> the table of operations.
 *
 * What is checked here is what the gateway relies on: a document that loads cannot make it build a
 * wrong statement, route a request twice or mix up parameters. All violations are logged, with the
 * line, before the load fails.
 */
#include "route.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "openapi.h"
#include "route_table.h"
#include "uri.h"

#define ARENA_LIMIT		 (4 * 1024 * 1024)
#define JSON_LIMIT		 (4 * 1024 * 1024)
#define MAX_PARAMETERS	 64
#define DEFAULT_MAX_BODY (1024 * 1024)
#define MAX_MAX_BODY	 (int64_t)(1024 * 1024 * 1024)
#define IDENTIFIER_MAX	 63 /* PostgreSQL cuts longer names */

static const char *const path_keys[] = {"summary", "description", "parameters", "servers", "$ref"};

static const struct
{
	const char *key;
	GwMethod method;
} methods[] = {{"get", GW_GET}, {"put", GW_PUT}, {"post", GW_POST}, {"delete", GW_DELETE}};

#define LENGTH_OF(array) (sizeof(array) / sizeof((array)[0]))

typedef struct Loader
{
	GwDocument document;
	GwRoutes *routes;
	bool out_of_memory;
} Loader;

/* The path in hand: its template, its parameters for all methods, its place in the tree. */
typedef struct LoadedPath
{
	const char *template;
	struct fy_node *item;
	GwRouteNode *node;
} LoadedPath;

static void *
allocate(Loader *loader, size_t size)
{
	void *memory = shc_arena_zalloc(loader->routes->arena, size);

	if (memory == NULL)
		loader->out_of_memory = true;
	return memory;
}

/* A copy of a scalar's text; "" after a complaint where the node is no scalar. */
static const char *
text_of(Loader *loader, struct fy_node *node, struct fy_node *near, const char *what)
{
	const char *text = gw_node_text(node, loader->routes->arena);

	if (text != NULL)
		return text;
	gw_document_complain(&loader->document, node != NULL ? node : near, "%s: must be given as text",
						 what);
	return "";
}

static bool
is_identifier(const char *text)
{
	size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_");

	return len > 0 && len <= IDENTIFIER_MAX && text[len] == '\0' && !isdigit((unsigned char) *text);
}

/* partNumber -> part_number, If-None-Match -> if_none_match. NULL without memory. */
static const char *
snake_case(Loader *loader, const char *name)
{
	size_t len = strlen(name);
	char *out = allocate(loader, 2 * len + 1);
	char *p = out;

	if (out == NULL)
		return NULL;
	for (size_t i = 0; i < len; i++)
	{
		unsigned char c = (unsigned char) name[i];

		if (isupper(c) && i > 0 &&
			(islower((unsigned char) name[i - 1]) || isdigit((unsigned char) name[i - 1])))
			*p++ = '_';
		*p++ = c == '-' || c == '.' ? '_' : (char) tolower(c);
	}
	*p = '\0';
	return out;
}

/* ---- schemas of parameters ---- */

static void
load_enumeration(Loader *loader, struct fy_node *schema, GwParameter *parameter)
{
	struct fy_node *list = gw_node_get(&loader->document, schema, "enum");
	struct fy_node *item;
	void *iterator = NULL;
	const char **values;
	int n = 0;

	if (list == NULL)
		return;
	if (!fy_node_is_sequence(list) || fy_node_sequence_item_count(list) < 1)
	{
		gw_document_complain(&loader->document, list, "enum: must be a list of values");
		return;
	}
	values = allocate(loader, sizeof(char *) * ((size_t) fy_node_sequence_item_count(list) + 1));
	if (values == NULL)
		return;
	while ((item = fy_node_sequence_iterate(list, &iterator)) != NULL)
		values[n++] = text_of(loader, item, list, "enum");
	parameter->enumeration = values;
}

static void
load_type(Loader *loader, struct fy_node *schema, GwParameter *parameter)
{
	static const char *const names[] = {"string", "integer", "number", "boolean"};
	static const GwType types[] = {GW_TYPE_STRING, GW_TYPE_INTEGER, GW_TYPE_NUMBER,
								   GW_TYPE_BOOLEAN};
	struct fy_node *type = gw_node_get(&loader->document, schema, "type");
	struct fy_node *format = gw_node_get(&loader->document, schema, "format");

	for (size_t i = 0; i < LENGTH_OF(names); i++)
	{
		if (!gw_node_is(type, names[i]))
			continue;
		parameter->type = types[i];
		if (parameter->type == GW_TYPE_STRING && gw_node_is(format, "uuid"))
			parameter->format = GW_FORMAT_UUID;
		if (parameter->type == GW_TYPE_STRING && gw_node_is(format, "date-time"))
			parameter->format = GW_FORMAT_DATE_TIME;
		return;
	}
	gw_document_complain(&loader->document, type != NULL ? type : schema,
						 "%s: the type must be string, integer, number or boolean",
						 parameter->name);
}

/* One value: what stands in the schema, or in the items of an array. */
static void
load_value_schema(Loader *loader, struct fy_node *schema, GwParameter *parameter)
{
	GwDocument *document = &loader->document;

	load_type(loader, schema, parameter);
	load_enumeration(loader, schema, parameter);
	parameter->has_min = gw_node_number(document, schema, "minimum", &parameter->min);
	parameter->has_max = gw_node_number(document, schema, "maximum", &parameter->max);
	gw_node_integer(document, schema, "minLength", &parameter->min_length);
	gw_node_integer(document, schema, "maxLength", &parameter->max_length);
	if (parameter->enumeration != NULL && parameter->type != GW_TYPE_STRING)
		gw_document_complain(document, schema, "%s: only strings can have an enum",
							 parameter->name);
	if ((parameter->has_min || parameter->has_max) && parameter->type != GW_TYPE_INTEGER &&
		parameter->type != GW_TYPE_NUMBER)
		gw_document_complain(document, schema, "%s: only numbers have a minimum or maximum",
							 parameter->name);
	/* What the gateway does not check must not stand in the document as a promise. */
	for (const char *const *key =
			 (const char *const[]){"pattern", "multipleOf", "exclusiveMinimum", "exclusiveMaximum",
								   "allOf", "anyOf", "oneOf", "not", NULL};
		 *key != NULL; key++)
	{
		if (gw_node_get(document, schema, *key) != NULL)
			gw_document_complain(document, schema, "%s: %s is not supported in parameters",
								 parameter->name, *key);
	}
}

static void
load_schema(Loader *loader, struct fy_node *node, GwParameter *parameter)
{
	GwDocument *document = &loader->document;
	struct fy_node *schema = gw_node_get(document, node, "schema");

	parameter->max_items = parameter->min_length = parameter->max_length = -1;
	if (schema == NULL)
	{
		gw_document_complain(document, node, "%s: a schema is missing", parameter->name);
		return;
	}
	if (!gw_node_is(gw_node_get(document, schema, "type"), "array"))
	{
		load_value_schema(loader, schema, parameter);
		return;
	}
	parameter->array = true;
	gw_node_integer(document, schema, "maxItems", &parameter->max_items);
	if (parameter->place != GW_IN_QUERY)
		gw_document_complain(document, schema, "%s: only query parameters can be arrays",
							 parameter->name);
	schema = gw_node_get(document, schema, "items");
	if (schema != NULL)
		load_value_schema(loader, schema, parameter);
	else
		gw_document_complain(document, node, "%s: items are missing", parameter->name);
}

/* ---- parameters ---- */

/* Which segment of a template is {name}: -1 if none. */
static int
segment_of(const char *template, const char *name)
{
	const char *segment;
	size_t len;

	for (int i = 0; (segment = gw_uri_segment(&template, &len)) != NULL; i++)
	{
		if (segment[0] == '{' && strlen(name) == len - 2 &&
			strncmp(segment + 1, name, len - 2) == 0)
			return i;
	}
	return -1;
}

static bool
load_place(Loader *loader, struct fy_node *node, GwPlace *place)
{
	static const char *const names[] = {"path", "query", "header"};
	static const GwPlace places[] = {GW_IN_PATH, GW_IN_QUERY, GW_IN_HEADER};
	struct fy_node *in = gw_node_get(&loader->document, node, "in");

	for (size_t i = 0; i < LENGTH_OF(names); i++)
	{
		if (gw_node_is(in, names[i]))
		{
			*place = places[i];
			return true;
		}
	}
	gw_document_complain(&loader->document, in != NULL ? in : node,
						 "in: must be path, query or header");
	return false;
}

static void
load_parameter(Loader *loader, const LoadedPath *path, struct fy_node *node, GwParameter *parameter)
{
	GwDocument *document = &loader->document;
	struct fy_node *style = gw_node_get(document, node, "style");
	bool explode = true;

	parameter->name = text_of(loader, gw_node_get(document, node, "name"), node, "name");
	parameter->argument = snake_case(loader, parameter->name);
	if (parameter->argument == NULL)
		return;
	if (!is_identifier(parameter->argument))
		gw_document_complain(document, node, "%s: does not make a name of an argument",
							 parameter->name);
	gw_node_bool(document, node, "required", &parameter->required);
	gw_node_bool(document, node, "explode", &explode);
	if (parameter->place == GW_IN_QUERY &&
		((style != NULL && !gw_node_is(style, "form")) || !explode))
		gw_document_complain(document, node, "%s: only style form with explode is supported",
							 parameter->name);
	load_schema(loader, node, parameter);
	if (parameter->place != GW_IN_PATH)
		return;
	parameter->segment = segment_of(path->template, parameter->name);
	if (parameter->segment < 0)
		gw_document_complain(document, node, "%s: is not part of the path %s", parameter->name,
							 path->template);
	if (!parameter->required)
		gw_document_complain(document, node, "%s: a path parameter must be required",
							 parameter->name);
}

/* Appends the parameters of a list that stand in the given place. */
static void
load_parameter_list(Loader *loader, const LoadedPath *path, struct fy_node *list, GwPlace wanted,
					GwParameter *parameters, int *n)
{
	struct fy_node *item;
	void *iterator = NULL;

	if (list == NULL)
		return;
	if (!fy_node_is_sequence(list))
	{
		gw_document_complain(&loader->document, list, "parameters: must be a list");
		return;
	}
	while ((item = fy_node_sequence_iterate(list, &iterator)) != NULL)
	{
		struct fy_node *node = gw_node_resolve(&loader->document, item);
		GwPlace place;

		if (node == NULL || !load_place(loader, node, &place) || place != wanted)
			continue;
		if (*n == MAX_PARAMETERS)
		{
			gw_document_complain(&loader->document, item, "parameters: there are more than %d",
								 MAX_PARAMETERS);
			return;
		}
		parameters[*n].place = place;
		load_parameter(loader, path, node, &parameters[(*n)++]);
		if (loader->out_of_memory)
			return;
	}
}

static void
check_parameters(Loader *loader, const LoadedPath *path, struct fy_node *node,
				 const GwOperation *operation)
{
	const char *template = path->template;
	const char *segment;
	size_t len;

	for (int i = 0; i < operation->nparameters; i++)
	{
		const char *argument = operation->parameters[i].argument;

		for (int j = 0; j < i; j++)
		{
			if (strcmp(operation->parameters[j].argument, argument) == 0)
				gw_document_complain(&loader->document, node, "%s: the argument %s is given twice",
									 operation->id, argument);
		}
		if (operation->has_body && strcmp(argument, "body") == 0)
			gw_document_complain(&loader->document, node,
								 "%s: a parameter has the name of the argument body",
								 operation->id);
	}
	for (int i = 0; (segment = gw_uri_segment(&template, &len)) != NULL; i++)
	{
		bool declared = segment[0] != '{';

		for (int j = 0; j < operation->nparameters; j++)
			declared |= operation->parameters[j].place == GW_IN_PATH &&
						operation->parameters[j].segment == i;
		if (!declared)
			gw_document_complain(&loader->document, node, "%s: the path parameter %.*s is missing",
								 operation->id, (int) len, segment);
	}
}

static void
load_parameters(Loader *loader, const LoadedPath *path, struct fy_node *node,
				GwOperation *operation)
{
	struct fy_node *shared = gw_node_get(&loader->document, path->item, "parameters");
	struct fy_node *own = gw_node_get(&loader->document, node, "parameters");
	GwParameter parameters[MAX_PARAMETERS] = {0};
	GwParameter *kept;
	int n = 0;

	/* In this order they become the arguments. */
	for (GwPlace place = GW_IN_PATH; place <= GW_IN_HEADER && !loader->out_of_memory; place++)
	{
		load_parameter_list(loader, path, shared, place, parameters, &n);
		load_parameter_list(loader, path, own, place, parameters, &n);
	}
	kept = allocate(loader, sizeof(GwParameter) * ((size_t) n + 1));
	if (loader->out_of_memory)
		return;
	memcpy(kept, parameters, sizeof(GwParameter) * (size_t) n);
	operation->parameters = kept;
	operation->nparameters = n;
	check_parameters(loader, path, node, operation);
}

/* ---- bodies and answers ---- */

static void
load_media_types(Loader *loader, struct fy_node *body, GwOperation *operation)
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
	types = allocate(loader, sizeof(char *) * ((size_t) fy_node_mapping_item_count(content) + 1));
	if (types == NULL)
		return;
	while ((pair = fy_node_mapping_iterate(content, &iterator)) != NULL)
		types[n++] = text_of(loader, fy_node_pair_key(pair), content, "content");
	operation->media_types = types;
}

static void
load_body(Loader *loader, struct fy_node *node, GwOperation *operation)
{
	GwDocument *document = &loader->document;
	struct fy_node *body = gw_node_get(document, node, "requestBody");
	struct fy_node *form = gw_node_get(document, node, "x-body");
	int64_t status = 413;

	operation->max_body = DEFAULT_MAX_BODY;
	gw_node_integer(document, node, "x-max-body", &operation->max_body);
	gw_node_integer(document, node, "x-too-large-status", &status);
	operation->too_large_status = (int) status;
	if (operation->max_body < 1 || operation->max_body > MAX_MAX_BODY)
		gw_document_complain(document, gw_node_get(document, node, "x-max-body"),
							 "x-max-body: must be from 1 to %lld", (long long) MAX_MAX_BODY);
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
load_success(Loader *loader, struct fy_node *node, GwOperation *operation)
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
		operation->success_media_type = text_of(loader, fy_node_pair_key(pair), success, "content");
}

/* ---- operations and paths ---- */

static void
load_lane(Loader *loader, struct fy_node *node, GwOperation *operation)
{
	struct fy_node *lane = gw_node_get(&loader->document, node, "x-lane");

	operation->lane = gw_node_is(lane, "fast") ? GW_LANE_FAST : GW_LANE_HEAVY;
	if (lane != NULL && operation->lane != GW_LANE_FAST && !gw_node_is(lane, "heavy"))
		gw_document_complain(&loader->document, lane, "x-lane: must be fast or heavy");
	/* Its connections are read-only, and an answer may be asked for again. */
	if (operation->lane == GW_LANE_FAST && operation->method != GW_GET)
		gw_document_complain(&loader->document, lane, "x-lane: only GET can take the fast lane");
}

static void
load_operation(Loader *loader, const LoadedPath *path, GwMethod method, struct fy_node *node)
{
	GwRoutes *routes = loader->routes;
	GwOperation *operation = &routes->operations[routes->noperations];

	operation->index = routes->noperations;
	operation->method = method;
	operation->path = path->template;
	operation->id =
		text_of(loader, gw_node_get(&loader->document, node, "operationId"), node, "operationId");
	if (!is_identifier(operation->id))
		gw_document_complain(&loader->document, node,
							 "operationId: \"%s\" is not of the form "
							 "[a-z_][a-z0-9_]*, at most %d",
							 operation->id, IDENTIFIER_MAX);
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
	load_body(loader, node, operation);
	load_parameters(loader, path, node, operation);
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
child_for(Loader *loader, GwRouteNode *parent, const char *segment, size_t len)
{
	bool is_parameter = segment[0] == '{';
	GwRouteNode *child = is_parameter ? parent->parameter : parent->children;

	while (!is_parameter && child != NULL &&
		   (child->len != len || memcmp(child->literal, segment, len) != 0))
		child = child->next;
	if (child != NULL)
		return child;
	child = allocate(loader, sizeof(GwRouteNode));
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
		char name[IDENTIFIER_MAX + 1];

		total += len + 1;
		n++;
		if (inside >= len)
		{
			if (memchr(segment, '%', len) != NULL)
				return false;
			continue;
		}
		if (inside != 0 || segment[0] != '{' || len < 3 || len - 2 > IDENTIFIER_MAX ||
			strcspn(segment + 1, "{}") != len - 2 || segment[len - 1] != '}')
			return false;
		memcpy(name, segment + 1, len - 2);
		name[len - 2] = '\0';
		if (segment_of(template, name) != n - 1)
			return false;
	}
	return n > 0 && n <= GW_MAX_SEGMENTS && total == strlen(template);
}

static bool
place_path(Loader *loader, struct fy_node *key, LoadedPath *path)
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
load_path(Loader *loader, struct fy_node *key, struct fy_node *item)
{
	LoadedPath path = {.item = item};
	struct fy_node_pair *pair;
	void *iterator = NULL;

	path.template = text_of(loader, key, key, "paths");
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
load_document(Loader *loader)
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
	loader->routes->operations = allocate(loader, sizeof(GwOperation) * count_operations(paths));
	loader->routes->root = allocate(loader, sizeof(GwRouteNode));
	while (!loader->out_of_memory && (pair = fy_node_mapping_iterate(paths, &iterator)) != NULL)
		load_path(loader, fy_node_pair_key(pair), fy_node_pair_value(pair));
	if (loader->out_of_memory)
		gw_document_complain(document, root, "the document is too large, or there is no memory");
}

static void
render_json(Loader *loader)
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
gw_routes_load(const char *file, GwRoutes **out)
{
	Loader loader = {0};
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
