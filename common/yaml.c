/*
 * yaml.c: reading YAML files with libfyaml.
 *
 * The document is not resolved as a whole: aliases that name aliases would make a small file a huge
 * one. Who walks through it follows the aliases that he meets, no deeper than his keys are.
 */
#include "yaml.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "log.h"
#include "utf8.h"

#define MAX_FILE	((size_t) 16 * 1024 * 1024)
#define MAX_ALIASES 8

/* Nothing but white space and comments? libfyaml makes no document of that, as if it were broken. */
static bool
is_empty(const char *p, size_t len)
{
	const char *end = p + len;

	if (len >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
		p += 3;
	while (p < end)
	{
		if (*p == '#')
		{
			p = memchr(p, '\n', (size_t) (end - p));
			if (p == NULL)
				return true;
		}
		else if (*p != ' ' && *p != '\t' && *p != '\r' && *p != '\n')
			return false;
		p++;
	}
	return true;
}

/*
 * Logs the line of the first byte that is not UTF-8, or is zero. libfyaml takes some of them for the
 * end of the text, without a word.
 */
static bool
check_text(const ShcYaml *yaml)
{
	const char *end = yaml->text + yaml->len;
	int line = 1;

	for (const char *p = yaml->text; p < end;)
	{
		size_t len = shc_utf8_len(p, end);

		if (len == 0 || *p == '\0')
		{
			shc_error("%s:%d: not valid YAML: a byte that is not UTF-8 text", yaml->name, line);
			return false;
		}
		line += *p == '\n';
		p += len;
	}
	return true;
}

/*
 * Logs what libfyaml has found, and how much that was. Its messages may quote the text. Mere warnings
 * of it are errors here: unknown directives make it skip lines.
 */
static int
log_diagnosis(const ShcYaml *yaml, struct fy_diag *diag)
{
	struct fy_diag_error *error;
	void *iterator = NULL;
	int n = 0;

	while ((error = fy_diag_errors_iterate(diag, &iterator)) != NULL)
	{
		n++;
		shc_error("%s:%d: %s", yaml->name, error->line,
				  yaml->secret ? "not valid YAML" : error->msg);
	}
	return n;
}

/*
 * Loads the only document of the text: NULL, or what is wrong in general. A second document would be
 * ignored by whoever does not look for it, and with it what its author meant.
 */
static const char *
load(ShcYaml *yaml, struct fy_parser *parser)
{
	struct fy_document *second;

	if (fy_parser_set_string(parser, yaml->text, yaml->len) != 0)
		return "out of memory";
	yaml->document = fy_parse_load_document(parser);
	if (yaml->document == NULL)
		return "not valid YAML";
	second = fy_parse_load_document(parser);
	fy_document_destroy(second);
	return second != NULL ? "holds more than one YAML document" : NULL;
}

/* Makes the document of yaml->text. */
static bool
build(ShcYaml *yaml)
{
	struct fy_diag_cfg diag_cfg;
	struct fy_parse_cfg cfg = {.flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG | FYPCF_JSON_NONE |
										FYPCF_ALLOW_DUPLICATE_KEYS};
	struct fy_parser *parser = NULL;
	const char *wrong = "out of memory";
	bool good;

	if (is_empty(yaml->text, yaml->len))
		return true;
	fy_diag_cfg_default(&diag_cfg);
	diag_cfg.fp = NULL;
	diag_cfg.output_fn = NULL;
	cfg.diag = fy_diag_create(&diag_cfg);
	if (cfg.diag != NULL)
	{
		fy_diag_set_collect_errors(cfg.diag, true);
		parser = fy_parser_create(&cfg);
	}
	if (parser != NULL)
		wrong = load(yaml, parser);
	good = cfg.diag == NULL || log_diagnosis(yaml, cfg.diag) == 0;
	if (good && wrong != NULL)
	{
		shc_error("%s: %s", yaml->name, wrong);
		good = false;
	}
	fy_parser_destroy(parser);
	fy_diag_destroy(cfg.diag);
	return good;
}

bool
shc_yaml_parse(const char *name, const char *text, size_t len, bool secret, ShcYaml *yaml)
{
	*yaml = (ShcYaml){.name = name, .secret = secret, .len = len, .text = malloc(len + 1)};
	if (yaml->text == NULL)
	{
		shc_error("%s: out of memory", name);
		return false;
	}
	if (len > 0)
		memcpy(yaml->text, text, len);
	yaml->text[len] = '\0';
	if (check_text(yaml) && build(yaml))
		return true;
	shc_yaml_free(yaml);
	return false;
}

/* Reads all of the file into buf, which the caller frees in any case. */
static bool
read_file(const char *file, ShcBuf *buf)
{
	FILE *stream = fopen(file, "re");
	bool good;

	if (stream == NULL)
	{
		shc_error("cannot open %s: %s", file, strerror(errno));
		return false;
	}
	good = shc_buf_read(buf, stream);
	if (buf->failed)
		shc_error("%s: too large", file);
	else if (!good)
		shc_error("cannot read %s: %s", file, strerror(errno));
	fclose(stream);
	return good;
}

bool
shc_yaml_read(const char *file, bool secret, ShcYaml *yaml)
{
	ShcBuf buf;
	bool good;

	shc_buf_init(&buf, MAX_FILE);
	good = read_file(file, &buf) && shc_yaml_parse(file, buf.data, buf.len, secret, yaml);
	if (secret && buf.capacity > 0)
		explicit_bzero(buf.data, buf.capacity);
	shc_buf_free(&buf);
	return good;
}

void
shc_yaml_free(ShcYaml *yaml)
{
	fy_document_destroy(yaml->document);
	if (yaml->secret && yaml->text != NULL)
		explicit_bzero(yaml->text, yaml->len);
	free(yaml->text);
	yaml->document = NULL;
	yaml->text = NULL;
}

struct fy_node *
shc_yaml_root(const ShcYaml *yaml)
{
	return yaml->document != NULL ? fy_document_root(yaml->document) : NULL;
}

struct fy_node *
shc_yaml_target(struct fy_node *node)
{
	for (int i = 0; i < MAX_ALIASES && node != NULL && fy_node_is_alias(node); i++)
		node = fy_node_resolve_alias(node);
	return node != NULL && fy_node_is_alias(node) ? NULL : node;
}

bool
shc_yaml_is_null(struct fy_node *node)
{
	const char *text;
	size_t len = 0;

	if (node == NULL)
		return true;
	if (!fy_node_is_scalar(node) || fy_node_get_style(node) != FYNS_PLAIN)
		return false;
	text = fy_node_get_scalar(node, &len);
	return text == NULL || len == 0 || (len == 1 && text[0] == '~') ||
		   (len == 4 && strncasecmp(text, "null", 4) == 0);
}

char *
shc_yaml_text(struct fy_node *node)
{
	size_t len = 0;
	const char *text = NULL;
	char *copy;

	if (node != NULL && fy_node_is_scalar(node) && !fy_node_is_alias(node))
		text = fy_node_get_scalar(node, &len);
	if (text == NULL || memchr(text, '\0', len) != NULL)
		return NULL;
	copy = malloc(len + 1);
	if (copy != NULL)
	{
		memcpy(copy, text, len);
		copy[len] = '\0';
	}
	return copy;
}

int
shc_yaml_line(struct fy_node *node)
{
	struct fy_token *token = node != NULL ? fy_node_get_scalar_token(node) : NULL;
	const struct fy_mark *mark = token != NULL ? fy_token_start_mark(token) : NULL;

	return mark != NULL ? mark->line + 1 : 0;
}

void
shc_yaml_complain(ShcYaml *yaml, int line, const char *format, ...)
{
	char message[500];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	if (line > 0)
		shc_error("%s:%d: %s", yaml->name, line, message);
	else
		shc_error("%s: %s", yaml->name, message);
	yaml->errors++;
}
