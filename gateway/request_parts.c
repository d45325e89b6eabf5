/*
 * request_parts.c: the whole query and all headers of a request as JSON.
 *
 * Both are gathered in a short list first, because names that come several times are one member.
 */
#include "request_parts.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "argument_value.h"
#include "buf.h"
#include "uri.h"

/* Of the JSON text; a byte can become an escape of six. */
#define MAX_TEXT ((size_t) 512 * 1024)

/* One occurrence of a name. */
typedef struct Part
{
	const char *name;
	const char *value;
	struct Part *next_value; /* of the same name */
	struct Part *last_value;
} Part;

typedef struct Parts
{
	ShcArena *arena;
	GwProblem *problem;
	bool failed;
	int nall;
	int n;
	Part *first[GW_MAX_PARTS]; /* of each name */
} Parts;

static bool
refuse(Parts *parts, int status, const char *text)
{
	if (!parts->failed)
		gw_problem_set(parts->problem, status, "%s", text);
	parts->failed = true;
	return false;
}

static bool
add_part(Parts *parts, const char *name, const char *value)
{
	Part *part = shc_arena_alloc(parts->arena, sizeof(Part));
	Part *first = NULL;

	if (part == NULL)
		return refuse(parts, 413, "the request is too large");
	*part = (Part){.name = name, .value = value};
	part->last_value = part;
	for (int i = 0; i < parts->n && first == NULL; i++)
	{
		if (strcmp(parts->first[i]->name, name) == 0)
			first = parts->first[i];
	}
	parts->nall++;
	if (first == NULL)
	{
		parts->first[parts->n++] = part;
		return true;
	}
	first->last_value->next_value = part;
	first->last_value = part;
	return true;
}

static const char *
finish(Parts *parts, ShcBuf *json)
{
	const char *text = NULL;

	if (!json->failed)
		text = shc_arena_strndup(parts->arena, json->data, json->len);
	shc_buf_free(json);
	if (text == NULL)
		refuse(parts, 413, "the request is too large");
	return text;
}

/* ---- the query ---- */

/* Decodes a name or a value in place. */
static bool
decode(Parts *parts, char *text, size_t len)
{
	ptrdiff_t decoded = gw_uri_decode(text, len, true);

	if (decoded < 0)
		return refuse(parts, 400, "query: has an invalid percent-encoding");
	if (gw_utf8_length(text, (size_t) decoded) < 0)
		return refuse(parts, 400, "query: must be UTF-8 without zero bytes");
	return true;
}

/* pair: "name=value" of len bytes; what follows it is overwritten. */
static bool
take_pair(Parts *parts, char *pair, size_t len)
{
	char *equals = memchr(pair, '=', len);
	size_t name_len = equals != NULL ? (size_t) (equals - pair) : len;
	char *value = equals != NULL ? equals + 1 : pair + len;
	size_t value_len = len - (size_t) (value - pair);

	if (parts->nall == GW_MAX_PARTS)
		return refuse(parts, 400, "query: has too many parameters");
	return decode(parts, value, value_len) && decode(parts, pair, name_len) &&
		   add_part(parts, pair, value);
}

static const char *
print_query(Parts *parts)
{
	ShcBuf json;

	shc_buf_init(&json, MAX_TEXT);
	shc_buf_puts(&json, "{");
	for (int i = 0; i < parts->n; i++)
	{
		const Part *part = parts->first[i];
		bool is_list = part->next_value != NULL;

		shc_buf_puts(&json, i > 0 ? "," : "");
		shc_buf_json_string(&json, part->name, strlen(part->name));
		shc_buf_puts(&json, is_list ? ":[" : ":");
		shc_buf_json_string(&json, part->value, strlen(part->value));
		while ((part = part->next_value) != NULL)
		{
			shc_buf_puts(&json, ",");
			shc_buf_json_string(&json, part->value, strlen(part->value));
		}
		shc_buf_puts(&json, is_list ? "]" : "");
	}
	shc_buf_puts(&json, "}");
	return finish(parts, &json);
}

const char *
gw_query_json(const char *raw_query, ShcArena *arena, GwProblem *problem)
{
	Parts parts = {.arena = arena, .problem = problem};
	size_t len = strlen(raw_query);
	char *query = shc_arena_strndup(arena, raw_query, len);
	char *end;

	if (query == NULL)
	{
		refuse(&parts, 413, "the request is too large");
		return NULL;
	}
	for (end = query + len; query < end;)
	{
		char *stop = memchr(query, '&', (size_t) (end - query));

		if (stop == NULL)
			stop = end;
		if (stop > query && !take_pair(&parts, query, (size_t) (stop - query)))
			return NULL;
		query = stop + 1;
	}
	return print_query(&parts);
}

/* ---- the headers ---- */

bool
gw_is_hop_by_hop(const char *name, size_t len)
{
	static const char *const names[] = {"Connection", "Keep-Alive",		   "Proxy-Connection", "TE",
										"Trailer",	  "Transfer-Encoding", "Upgrade"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
	{
		if (strlen(names[i]) == len && strncasecmp(name, names[i], len) == 0)
			return true;
	}
	return false;
}

/* X-Probe, whatever way it was written. */
static char *
canonical_name(ShcArena *arena, const char *name)
{
	char *out = shc_arena_strndup(arena, name, strlen(name));
	bool is_first = true;

	for (char *p = out; p != NULL && *p != '\0'; p++)
	{
		*p = (char) (is_first ? toupper((unsigned char) *p) : tolower((unsigned char) *p));
		is_first = *p == '-';
	}
	return out;
}

static void
take_header(void *taker, const char *name, const char *value)
{
	Parts *parts = taker;
	const char *canonical;
	const char *copy;

	if (parts->failed || gw_is_hop_by_hop(name, strlen(name)) ||
		strcasecmp(name, "Authorization") == 0 || strcasecmp(name, "Proxy-Authorization") == 0)
		return;
	if (parts->nall == GW_MAX_PARTS)
	{
		refuse(parts, 431, "there are too many headers");
		return;
	}
	if (value == NULL)
		value = "";
	canonical = canonical_name(parts->arena, name);
	copy = shc_arena_strndup(parts->arena, value, strlen(value));
	if (canonical == NULL || copy == NULL)
		refuse(parts, 413, "the request is too large");
	else
		add_part(parts, canonical, copy);
}

/* "a" and "b" of one name are the list "a, b"; but of cookies, it is "a; b". RFC 9110, 5.3; RFC 6265, 5.4. */
static void
print_values(ShcBuf *json, ShcBuf *value, const Part *part)
{
	const char *separator = strcmp(part->name, "Cookie") == 0 ? "; " : ", ";

	if (part->next_value == NULL)
	{
		shc_buf_json_string(json, part->value, strlen(part->value));
		return;
	}
	shc_buf_reset(value);
	for (const Part *one = part; one != NULL; one = one->next_value)
	{
		shc_buf_puts(value, one == part ? "" : separator);
		shc_buf_puts(value, one->value);
	}
	json->failed |= value->failed;
	if (!value->failed)
		shc_buf_json_string(json, value->data, value->len);
}

const char *
gw_headers_json(GwHeaderWalk walk, void *context, ShcArena *arena, GwProblem *problem)
{
	Parts parts = {.arena = arena, .problem = problem};
	ShcBuf json;
	ShcBuf value;

	walk(context, take_header, &parts);
	if (parts.failed)
		return NULL;
	shc_buf_init(&json, MAX_TEXT);
	shc_buf_init(&value, MAX_TEXT);
	shc_buf_puts(&json, "{");
	for (int i = 0; i < parts.n; i++)
	{
		shc_buf_puts(&json, i > 0 ? "," : "");
		shc_buf_json_string(&json, parts.first[i]->name, strlen(parts.first[i]->name));
		shc_buf_puts(&json, ":");
		print_values(&json, &value, parts.first[i]);
	}
	shc_buf_puts(&json, "}");
	shc_buf_free(&value);
	return finish(&parts, &json);
}
