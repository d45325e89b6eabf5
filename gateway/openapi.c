/*
 * openapi.c: reading an OpenAPI document with libfyaml.
 *
 * Scalars follow YAML's JSON schema: an unquoted true, false, null or JSON number is that, everything
 * else is a string. This is what the JSON rendition shows, whatever a YAML library would make of it.
 */
#include "openapi.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

#define MAX_REFERENCES 8
#define MAX_DEPTH	   64

typedef enum ScalarKind
{
	SCALAR_STRING,
	SCALAR_NUMBER,
	SCALAR_BOOL,
	SCALAR_NULL
} ScalarKind;

static ScalarKind scalar_kind(struct fy_node *node);
static bool write_node(struct fy_node *node, int depth, ShcBuf *out);

static void
log_parse_errors(const char *file, struct fy_diag *diag)
{
	struct fy_diag_error *error;
	void *iterator = NULL;

	while ((error = fy_diag_errors_iterate(diag, &iterator)) != NULL)
		shc_error("%s:%d: %s", file, error->line, error->msg);
}

bool
gw_document_read(const char *file, GwDocument *document)
{
	struct fy_diag_cfg diag_cfg;
	struct fy_diag *diag;
	struct fy_parse_cfg cfg = {.flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG | FYPCF_RESOLVE_DOCUMENT |
										FYPCF_JSON_NONE};
	FILE *stream;

	*document = (GwDocument){.file = file};
	stream = fopen(file, "r");
	if (stream == NULL)
	{
		shc_error("cannot open %s: %s", file, strerror(errno));
		return false;
	}
	fy_diag_cfg_default(&diag_cfg);
	diag_cfg.fp = NULL;
	diag_cfg.output_fn = NULL;
	diag = fy_diag_create(&diag_cfg);
	if (diag != NULL)
	{
		fy_diag_set_collect_errors(diag, true);
		cfg.diag = diag;
		document->yaml = fy_document_build_from_fp(&cfg, stream);
		if (document->yaml == NULL)
			log_parse_errors(file, diag);
		fy_diag_destroy(diag);
	}
	fclose(stream);
	if (document->yaml == NULL)
		shc_error("%s: not a readable YAML document", file);
	return document->yaml != NULL;
}

void
gw_document_free(GwDocument *document)
{
	fy_document_destroy(document->yaml);
	document->yaml = NULL;
}

/* The line where a node begins; libfyaml knows positions of scalars only. 0: unknown. */
static int
node_line(struct fy_node *node)
{
	void *iterator = NULL;

	for (int depth = 0; node != NULL && depth < MAX_DEPTH; depth++)
	{
		iterator = NULL;
		if (fy_node_is_mapping(node))
			node = fy_node_pair_key(fy_node_mapping_iterate(node, &iterator));
		else if (fy_node_is_sequence(node))
			node = fy_node_sequence_iterate(node, &iterator);
		else
		{
			struct fy_token *token = fy_node_get_scalar_token(node);
			const struct fy_mark *mark = token != NULL ? fy_token_start_mark(token) : NULL;

			return mark != NULL ? mark->line + 1 : 0;
		}
	}
	return 0;
}

void
gw_document_complain(GwDocument *document, struct fy_node *node, const char *format, ...)
{
	char message[500];
	int line = node_line(node);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	if (line > 0)
		shc_error("%s:%d: %s", document->file, line, message);
	else
		shc_error("%s: %s", document->file, message);
	document->errors++;
}

static struct fy_node *
lookup(struct fy_node *mapping, const char *key, size_t len)
{
	if (mapping == NULL || !fy_node_is_mapping(mapping))
		return NULL;
	return fy_node_mapping_lookup_value_by_simple_key(mapping, key, len);
}

/* Finds what "#/a/b/c" names, or NULL. */
static struct fy_node *
follow(GwDocument *document, const char *reference, size_t len)
{
	struct fy_node *node = fy_document_root(document->yaml);
	const char *end = reference + len;
	const char *p = reference + 2;

	if (len < 3 || reference[0] != '#' || reference[1] != '/')
		return NULL;
	while (node != NULL && p <= end)
	{
		const char *slash = memchr(p, '/', (size_t) (end - p));
		const char *stop = slash != NULL ? slash : end;

		node = lookup(node, p, (size_t) (stop - p));
		p = stop + 1;
	}
	return node;
}

struct fy_node *
gw_node_resolve(GwDocument *document, struct fy_node *node)
{
	struct fy_node *start = node;

	for (int i = 0; i < MAX_REFERENCES; i++)
	{
		struct fy_node *reference = lookup(node, "$ref", 4);
		const char *text;
		size_t len;

		if (reference == NULL)
			return node;
		text = fy_node_get_scalar(reference, &len);
		node = text != NULL ? follow(document, text, len) : NULL;
		if (node == NULL)
		{
			gw_document_complain(document, reference, "$ref: nothing is found at \"%.*s\"",
								 text != NULL ? (int) len : 0, text != NULL ? text : "");
			return NULL;
		}
	}
	gw_document_complain(document, start, "$ref: references lead in a circle");
	return NULL;
}

struct fy_node *
gw_node_get(GwDocument *document, struct fy_node *mapping, const char *key)
{
	struct fy_node *node = lookup(mapping, key, strlen(key));

	return node != NULL ? gw_node_resolve(document, node) : NULL;
}

const char *
gw_node_text(struct fy_node *node, ShcArena *arena)
{
	size_t len;
	const char *text = node != NULL ? fy_node_get_scalar(node, &len) : NULL;

	return text != NULL ? shc_arena_strndup(arena, text, len) : NULL;
}

bool
gw_node_is(struct fy_node *node, const char *text)
{
	size_t len;
	const char *have = node != NULL ? fy_node_get_scalar(node, &len) : NULL;

	return have != NULL && len == strlen(text) && memcmp(have, text, len) == 0;
}

bool
gw_node_bool(GwDocument *document, struct fy_node *mapping, const char *key, bool *out)
{
	struct fy_node *node = gw_node_get(document, mapping, key);

	if (node == NULL)
		return false;
	if (scalar_kind(node) != SCALAR_BOOL)
	{
		gw_document_complain(document, node, "%s: must be true or false", key);
		return false;
	}
	*out = gw_node_is(node, "true");
	return true;
}

bool
gw_node_number(GwDocument *document, struct fy_node *mapping, const char *key, double *out)
{
	struct fy_node *node = gw_node_get(document, mapping, key);
	char text[64];
	size_t len;

	if (node == NULL)
		return false;
	if (scalar_kind(node) == SCALAR_NUMBER)
	{
		const char *scalar = fy_node_get_scalar(node, &len);

		if (len < sizeof(text))
		{
			memcpy(text, scalar, len);
			text[len] = '\0';
			*out = strtod(text, NULL);
			if (isfinite(*out))
				return true;
		}
	}
	gw_document_complain(document, node, "%s: must be a number", key);
	return false;
}

bool
gw_node_integer(GwDocument *document, struct fy_node *mapping, const char *key, int64_t *out)
{
	double number;

	if (!gw_node_number(document, mapping, key, &number))
		return false;
	/* Beyond 2^53 a double is not every integer. */
	if (number > 9007199254740992.0 || number < -9007199254740992.0 ||
		number != (double) (int64_t) number)
	{
		gw_document_complain(document, gw_node_get(document, mapping, key),
							 "%s: must be a whole number", key);
		return false;
	}
	*out = (int64_t) number;
	return true;
}

/* Is it a number as JSON spells them? */
static bool
is_json_number(const char *p, size_t len)
{
	const char *end = p + len;
	const char *digits;

	if (p < end && *p == '-')
		p++;
	digits = p;
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	if (p == digits || (*digits == '0' && p - digits > 1))
		return false;
	if (p < end && *p == '.')
	{
		digits = ++p;
		while (p < end && *p >= '0' && *p <= '9')
			p++;
		if (p == digits)
			return false;
	}
	if (p < end && (*p == 'e' || *p == 'E'))
	{
		p++;
		if (p < end && (*p == '+' || *p == '-'))
			p++;
		digits = p;
		while (p < end && *p >= '0' && *p <= '9')
			p++;
		if (p == digits)
			return false;
	}
	return p == end;
}

static ScalarKind
scalar_kind(struct fy_node *node)
{
	size_t len;
	const char *text;

	if (!fy_node_is_scalar(node) || fy_node_get_style(node) != FYNS_PLAIN)
		return SCALAR_STRING;
	text = fy_node_get_scalar(node, &len);
	if (text == NULL || len == 0 || gw_node_is(node, "null") || gw_node_is(node, "~"))
		return SCALAR_NULL;
	if (gw_node_is(node, "true") || gw_node_is(node, "false"))
		return SCALAR_BOOL;
	return is_json_number(text, len) ? SCALAR_NUMBER : SCALAR_STRING;
}

static bool
write_scalar(struct fy_node *node, bool is_key, ShcBuf *out)
{
	size_t len = 0;
	const char *text = fy_node_get_scalar(node, &len);
	ScalarKind kind = is_key ? SCALAR_STRING : scalar_kind(node);

	if (kind == SCALAR_NULL)
		return shc_buf_puts(out, "null");
	if (kind == SCALAR_STRING)
		return shc_buf_json_string(out, text != NULL ? text : "", len);
	return shc_buf_append(out, text, len);
}

static bool
write_mapping(struct fy_node *node, int depth, ShcBuf *out)
{
	struct fy_node_pair *pair;
	void *iterator = NULL;
	bool first = true;

	shc_buf_puts(out, "{");
	while ((pair = fy_node_mapping_iterate(node, &iterator)) != NULL)
	{
		if (!first)
			shc_buf_puts(out, ",");
		first = false;
		write_scalar(fy_node_pair_key(pair), true, out);
		shc_buf_puts(out, ":");
		if (!write_node(fy_node_pair_value(pair), depth + 1, out))
			return false;
	}
	return shc_buf_puts(out, "}");
}

static bool
write_node(struct fy_node *node, int depth, ShcBuf *out)
{
	struct fy_node *item;
	void *iterator = NULL;
	bool first = true;

	if (depth > MAX_DEPTH)
		return false;
	if (node == NULL)
		return shc_buf_puts(out, "null");
	if (fy_node_is_mapping(node))
		return write_mapping(node, depth, out);
	if (!fy_node_is_sequence(node))
		return write_scalar(node, false, out);

	shc_buf_puts(out, "[");
	while ((item = fy_node_sequence_iterate(node, &iterator)) != NULL)
	{
		if (!first)
			shc_buf_puts(out, ",");
		first = false;
		if (!write_node(item, depth + 1, out))
			return false;
	}
	return shc_buf_puts(out, "]");
}

bool
gw_document_json(const GwDocument *document, ShcBuf *out)
{
	return write_node(fy_document_root(document->yaml), 0, out) && !out->failed;
}
