/*
 * route_parameters.c: the parameters of an operation, out of openapi.yaml.
 *
 * Only what arguments.c can check is accepted: whatever else the document says of a parameter would
 * be a promise that nobody keeps.
 */
#include "route_load.h"

#include <ctype.h>
#include <string.h>

#include "uri.h"

#define MAX_PARAMETERS 64

/* partNumber -> part_number, If-None-Match -> if_none_match. NULL without memory. */
static const char *
snake_case(GwLoader *loader, const char *name)
{
	size_t len = strlen(name);
	char *out = gw_load_alloc(loader, 2 * len + 1);
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
load_enumeration(GwLoader *loader, struct fy_node *schema, GwParameter *parameter)
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
	values =
		gw_load_alloc(loader, sizeof(char *) * ((size_t) fy_node_sequence_item_count(list) + 1));
	if (values == NULL)
		return;
	while ((item = fy_node_sequence_iterate(list, &iterator)) != NULL)
		values[n++] = gw_load_text(loader, item, list, "enum");
	parameter->enumeration = values;
}

static void
load_type(GwLoader *loader, struct fy_node *schema, GwParameter *parameter)
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
load_value_schema(GwLoader *loader, struct fy_node *schema, GwParameter *parameter)
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
load_schema(GwLoader *loader, struct fy_node *node, GwParameter *parameter)
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

int
gw_load_segment(const char *template, const char *name)
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
load_place(GwLoader *loader, struct fy_node *node, GwPlace *place)
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
load_parameter(GwLoader *loader, const GwLoadedPath *path, struct fy_node *node,
			   GwParameter *parameter)
{
	GwDocument *document = &loader->document;
	struct fy_node *style = gw_node_get(document, node, "style");
	bool explode = true;

	parameter->name = gw_load_text(loader, gw_node_get(document, node, "name"), node, "name");
	parameter->argument = snake_case(loader, parameter->name);
	if (parameter->argument == NULL)
		return;
	if (!gw_load_is_identifier(parameter->argument))
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
	parameter->segment = gw_load_segment(path->template, parameter->name);
	if (parameter->segment < 0)
		gw_document_complain(document, node, "%s: is not part of the path %s", parameter->name,
							 path->template);
	if (!parameter->required)
		gw_document_complain(document, node, "%s: a path parameter must be required",
							 parameter->name);
}

/* Appends the parameters of a list that stand in the given place. */
static void
load_parameter_list(GwLoader *loader, const GwLoadedPath *path, struct fy_node *list,
					GwPlace wanted, GwParameter *parameters, int *n)
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
check_parameters(GwLoader *loader, const GwLoadedPath *path, struct fy_node *node,
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

/* x-arguments: {argument: method | query | headers}: parts of the request that become arguments whole. */
static void
load_whole_parts(GwLoader *loader, struct fy_node *node, GwParameter *parameters, int *n)
{
	static const char *const names[] = {"method", "query", "headers"};
	struct fy_node *parts = gw_node_get(&loader->document, node, "x-arguments");
	struct fy_node_pair *pair;
	void *iterator = NULL;

	if (parts == NULL)
		return;
	if (!fy_node_is_mapping(parts))
	{
		gw_document_complain(&loader->document, parts, "x-arguments: must be a mapping");
		return;
	}
	while ((pair = fy_node_mapping_iterate(parts, &iterator)) != NULL)
	{
		const char *argument = gw_load_text(loader, fy_node_pair_key(pair), parts, "x-arguments");
		size_t i = 0;

		while (i < LENGTH_OF(names) && !gw_node_is(fy_node_pair_value(pair), names[i]))
			i++;
		if (i == LENGTH_OF(names) || *n == MAX_PARAMETERS || !gw_load_is_identifier(argument))
			gw_document_complain(&loader->document, fy_node_pair_value(pair),
								 "x-arguments: must be names with method, query or headers");
		else
			parameters[(*n)++] = (GwParameter){.name = names[i],
											   .argument = argument,
											   .place = (GwPlace) (GW_WHOLE_METHOD + i),
											   .max_items = -1,
											   .min_length = -1,
											   .max_length = -1};
	}
}

void
gw_load_parameters(GwLoader *loader, const GwLoadedPath *path, struct fy_node *node,
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
	load_whole_parts(loader, node, parameters, &n);
	kept = gw_load_alloc(loader, sizeof(GwParameter) * ((size_t) n + 1));
	if (loader->out_of_memory)
		return;
	memcpy(kept, parameters, sizeof(GwParameter) * (size_t) n);
	operation->parameters = kept;
	operation->nparameters = n;
	check_parameters(loader, path, node, operation);
}
