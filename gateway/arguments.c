/*
 * arguments.c: the parameters of one request: found in path, query and headers, decoded, and bound.
 *
 * Memory comes from the request's arena, never more than a few times the query.
 */
#include "arguments.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "argument_value.h"
#include "uri.h"

/* One occurrence of a query parameter. */
typedef struct Given
{
	char *text;
	struct Given *next;
} Given;

/* All occurrences of one parameter, in the order of the query. */
typedef struct GivenList
{
	int64_t n;
	Given *first;
	Given *last;
} GivenList;

/* ---- decoding ---- */

/* Decodes one value and sees that it is text. */
static bool
decode_value(GwBinding *binding, const GwParameter *parameter, char *text, size_t len)
{
	ptrdiff_t decoded = gw_uri_decode(text, len, parameter->place == GW_IN_QUERY);

	if (decoded < 0)
		return gw_argument_refuse(binding, parameter, "has an invalid percent-encoding");
	if (gw_utf8_length(text, (size_t) decoded) < 0)
		return gw_argument_refuse(binding, parameter, "must be UTF-8 without zero bytes");
	return true;
}

/* ---- the query ---- */

static int
find_parameter(const GwOperation *operation, const char *name)
{
	for (int i = 0; i < operation->nparameters; i++)
	{
		if (operation->parameters[i].place == GW_IN_QUERY &&
			strcmp(operation->parameters[i].name, name) == 0)
			return i;
	}
	return -1;
}

static bool
add_given(GwBinding *binding, const GwParameter *parameter, GivenList *list, char *text)
{
	Given *given = shc_arena_alloc(binding->arena, sizeof(Given));

	if (given == NULL)
		return gw_argument_no_room(binding);
	if (!parameter->array && list->n > 0)
		return gw_argument_refuse(binding, parameter, "must be given only once");
	if (parameter->array && parameter->max_items >= 0 && list->n >= parameter->max_items)
	{
		gw_problem_set(binding->problem, 400, "%s: must have at most %" PRId64 " values",
					   parameter->name, parameter->max_items);
		return false;
	}
	*given = (Given){.text = text};
	if (list->last != NULL)
		list->last->next = given;
	else
		list->first = given;
	list->last = given;
	list->n++;
	return true;
}

/* One "name=value" of the query; it is decoded in place. */
static bool
take_pair(GwBinding *binding, char *pair, size_t len, GivenList *lists)
{
	char *equals = memchr(pair, '=', len);
	size_t name_len = equals != NULL ? (size_t) (equals - pair) : len;
	char *value = equals != NULL ? equals + 1 : pair + len;
	size_t value_len = len - (size_t) (value - pair);
	const GwParameter *parameter;
	ptrdiff_t decoded;
	int i;

	/* The '=' or the end of the pair becomes the zero byte behind the name. */
	decoded = gw_uri_decode(pair, name_len, true);
	if (decoded < 0 || memchr(pair, '\0', (size_t) decoded) != NULL)
	{
		gw_problem_set(binding->problem, 400, "query: a name has an invalid percent-encoding");
		return false;
	}
	i = find_parameter(binding->operation, pair);
	if (i < 0)
	{
		if (gw_uri_decode(value, value_len, true) >= 0)
			return true;
		gw_problem_set(binding->problem, 400, "query: a value has an invalid percent-encoding");
		return false;
	}
	parameter = &binding->operation->parameters[i];
	return decode_value(binding, parameter, value, value_len) &&
		   add_given(binding, parameter, &lists[i], value);
}

/* Collects the values of all known parameters; others are passed over. */
static bool
read_query(GwBinding *binding, const char *raw_query, GivenList *lists)
{
	size_t len = raw_query != NULL ? strlen(raw_query) : 0;
	char *query;
	char *end;

	if (len == 0)
		return true;
	query = shc_arena_strndup(binding->arena, raw_query, len);
	if (query == NULL)
		return gw_argument_no_room(binding);
	for (end = query + len; query < end;)
	{
		char *stop = memchr(query, '&', (size_t) (end - query));

		if (stop == NULL)
			stop = end;
		if (stop > query && !take_pair(binding, query, (size_t) (stop - query), lists))
			return false;
		query = stop + 1;
	}
	return true;
}

/* An array literal of PostgreSQL, every element quoted: {"a","b \"c\" \\ d"}. */
static const char *
convert_array(GwBinding *binding, const GwParameter *parameter, const GivenList *list)
{
	size_t size = sizeof("{}");
	char *out;
	char *p;

	for (Given *given = list->first; given != NULL; given = given->next)
	{
		if (given->text[0] == '\0')
		{
			gw_argument_refuse(binding, parameter, "must not have empty values");
			return NULL;
		}
		given->text = (char *) gw_argument_convert(binding, parameter, given->text);
		if (given->text == NULL)
			return NULL;
		size += 2 * strlen(given->text) + sizeof("\"\",") - 1;
	}
	out = p = shc_arena_alloc(binding->arena, size);
	if (out == NULL)
	{
		gw_argument_no_room(binding);
		return NULL;
	}
	*p++ = '{';
	for (const Given *given = list->first; given != NULL; given = given->next)
	{
		*p++ = '"';
		for (const char *c = given->text; *c != '\0'; c++)
		{
			if (*c == '"' || *c == '\\')
				*p++ = '\\';
			*p++ = *c;
		}
		*p++ = '"';
		if (given->next != NULL)
			*p++ = ',';
	}
	*p++ = '}';
	*p = '\0';
	return out;
}

/* ---- one parameter after the other ---- */

/* The decoded segment of the path that stands for the parameter. */
static bool
take_segment(GwBinding *binding, const GwParameter *parameter, const char *raw_path, char **text)
{
	const char *segment = NULL;
	size_t len = 0;

	for (int i = 0; i <= parameter->segment; i++)
		segment = gw_uri_segment(&raw_path, &len);
	*text = NULL;
	if (segment == NULL)
		return true;
	*text = shc_arena_strndup(binding->arena, segment, len);
	return *text != NULL ? decode_value(binding, parameter, *text, len)
						 : gw_argument_no_room(binding);
}

/* A header's value without the white space around it. Bytes are as they are: no percent-encoding. */
static bool
take_header(GwBinding *binding, const GwParameter *parameter, const char *value, char **text)
{
	size_t len;

	*text = NULL;
	if (value == NULL)
		return true;
	value += strspn(value, " \t");
	len = strlen(value);
	while (len > 0 && (value[len - 1] == ' ' || value[len - 1] == '\t'))
		len--;
	if (gw_utf8_length(value, len) < 0)
		return gw_argument_refuse(binding, parameter, "must be UTF-8");
	*text = shc_arena_strndup(binding->arena, value, len);
	return *text != NULL || gw_argument_no_room(binding);
}

static bool
bind_scalar(GwBinding *binding, const GwParameter *parameter, char *text, const char **value)
{
	if (text == NULL)
		return !parameter->required || gw_argument_refuse(binding, parameter, "is required");
	if (text[0] == '\0' && parameter->required)
		return gw_argument_refuse(binding, parameter, "must not be empty");
	*value = gw_argument_convert(binding, parameter, text);
	return *value != NULL;
}

static bool
bind_array(GwBinding *binding, const GwParameter *parameter, const GivenList *list,
		   const char **value)
{
	if (list->n == 0)
		return !parameter->required || gw_argument_refuse(binding, parameter, "is required");
	*value = convert_array(binding, parameter, list);
	return *value != NULL;
}

bool
gw_arguments_bind(const GwOperation *operation, const char *raw_path, const char *raw_query,
				  GwHeaderLookup lookup, void *context, ShcArena *arena, const char **value,
				  GwProblem *problem)
{
	GwBinding binding = {.operation = operation, .arena = arena, .problem = problem};
	size_t n = (size_t) operation->nparameters;
	GivenList *lists = shc_arena_zalloc(arena, sizeof(GivenList) * (n + 1));

	if (lists == NULL)
		return gw_argument_no_room(&binding);
	if (!read_query(&binding, raw_query, lists))
		return false;
	for (size_t i = 0; i < n; i++)
	{
		const GwParameter *parameter = &operation->parameters[i];
		char *text = NULL;

		value[i] = NULL;
		if (parameter->place > GW_IN_HEADER)
			continue; /* the caller's */
		if (parameter->array)
		{
			if (!bind_array(&binding, parameter, &lists[i], &value[i]))
				return false;
			continue;
		}
		if (parameter->place == GW_IN_QUERY)
			text = lists[i].first != NULL ? lists[i].first->text : NULL;
		else if (parameter->place == GW_IN_PATH)
		{
			if (!take_segment(&binding, parameter, raw_path, &text))
				return false;
		}
		else if (!take_header(&binding, parameter, lookup(context, parameter->name), &text))
			return false;
		if (!bind_scalar(&binding, parameter, text, &value[i]))
			return false;
	}
	return true;
}

/* ---- media types ---- */

/* Is the charset parameter of a Content-Type absent, or a spelling of UTF-8 or its part ASCII? */
static bool
is_utf8_charset(const char *parameters)
{
	static const char *const good[] = {"utf-8", "utf8", "us-ascii", "ascii"};

	while ((parameters = strchr(parameters, ';')) != NULL)
	{
		size_t len;

		parameters++;
		parameters += strspn(parameters, " \t");
		if (strncasecmp(parameters, "charset=", 8) != 0)
			continue;
		parameters += 8;
		parameters += *parameters == '"';
		len = strcspn(parameters, "\"; \t");
		for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		{
			if (len == strlen(good[i]) && strncasecmp(parameters, good[i], len) == 0)
				return true;
		}
		return false;
	}
	return true;
}

/*
 * Other parameters than charset do not matter, and for JSON and raw bytes not even that one: it is UTF-8 by its
 * definition, and some clients label it carelessly.
 */
bool
gw_media_type_accepted(const GwOperation *operation, const char *content_type)
{
	size_t len;

	if (operation->media_types == NULL)
		return false;
	if (content_type == NULL)
		content_type = "";
	content_type += strspn(content_type, " \t");
	len = strcspn(content_type, "; \t");
	for (const char *const *type = operation->media_types; *type != NULL; type++)
	{
		if (strcmp(*type, "*/*") == 0)
			return true;
		if (strcspn(*type, "; \t") == len && strncasecmp(*type, content_type, len) == 0)
			return operation->body_raw || strcasecmp(*type, "application/json") == 0 ||
				   is_utf8_charset(content_type + len);
	}
	return false;
}
