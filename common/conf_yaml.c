/*
 * conf_yaml.c: a YAML file becomes the settings of a program.
 *
 * Nested keys are joined by dots. Sections are entered only where the table has keys below them, so
 * the depth of the table bounds the walk.
 */
#include "conf_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "log.h"
#include "yaml.h"

/* No key is that long; the names of unknown ones are cut. */
#define MAX_NAME 200

typedef struct Reader
{
	ShcYaml yaml;
	const ShcConfKey *keys;
	void *conf;
	int *given; /* by key, the line where it was set; -1: in an unknown line */
} Reader;

static void read_section(Reader *reader, struct fy_node *mapping, const char *prefix);

/* Does the table have keys below that name? */
static bool
is_section(const ShcConfKey *keys, const char *name)
{
	size_t len = strlen(name);

	for (; keys->name != NULL; keys++)
		if (strncasecmp(keys->name, name, len) == 0 && keys->name[len] == '.')
			return true;
	return false;
}

static bool
list_from_sequence(struct fy_node *sequence, ShcConfList *list, char reason[SHC_REASON_SIZE])
{
	int n = fy_node_sequence_item_count(sequence);
	struct fy_node *item;
	void *iterator = NULL;

	*list = (ShcConfList){0};
	if (n <= 0)
		return true;
	list->item = calloc((size_t) n, sizeof(char *));
	if (list->item == NULL)
	{
		snprintf(reason, SHC_REASON_SIZE, "out of memory");
		return false;
	}
	while (list->n < n && (item = fy_node_sequence_iterate(sequence, &iterator)) != NULL)
	{
		char *text = NULL;

		item = shc_yaml_target(item);
		if (!shc_yaml_is_null(item))
			text = shc_yaml_text(item);
		if (text == NULL)
		{
			snprintf(reason, SHC_REASON_SIZE, "must be a list of texts");
			shc_conf_list_free(list);
			return false;
		}
		list->item[list->n++] = text;
	}
	return true;
}

bool
shc_conf_list_parse(const char *text, ShcConfList *list, char reason[SHC_REASON_SIZE])
{
	ShcYaml yaml;
	struct fy_node *root;
	bool good;

	snprintf(reason, SHC_REASON_SIZE, "must be a list of texts");
	if (!shc_yaml_parse("list", text, strlen(text), false, &yaml))
		return false;
	root = shc_yaml_root(&yaml);
	good = root != NULL && fy_node_is_sequence(root) && list_from_sequence(root, list, reason);
	shc_yaml_free(&yaml);
	return good;
}

/* Sets a known key. A key without a value keeps its default. */
static void
read_value(Reader *reader, const ShcConfKey *key, struct fy_node *node, int line)
{
	char reason[SHC_REASON_SIZE] = "must be a single value";
	char *text = NULL;
	bool good;

	if (key->type == SHC_CONF_IGNORED)
	{
		shc_warning("%s:%d: %s: has no effect here", reader->yaml.name, line, key->name);
		return;
	}
	if (shc_yaml_is_null(node))
		return;
	if (key->type == SHC_CONF_LIST && fy_node_is_sequence(node))
	{
		ShcConfList list;

		good = list_from_sequence(node, &list, reason);
		if (good)
			shc_conf_set_list(key, reader->conf, list);
	}
	else
	{
		text = shc_yaml_text(node);
		good = text != NULL && shc_conf_set(key, reader->conf, text, reason);
	}
	if (!good)
		shc_yaml_complain(&reader->yaml, line, "%s: %s", key->name, reason);
	free(text);
}

static void
read_pair(Reader *reader, struct fy_node *key_node, struct fy_node *value, const char *prefix)
{
	int line = shc_yaml_line(key_node);
	char *text = shc_yaml_text(key_node);
	const ShcConfKey *key;
	char name[MAX_NAME];

	if (text == NULL)
	{
		shc_yaml_complain(&reader->yaml, line, "%s%skeys must be texts", prefix,
						  prefix[0] != '\0' ? ": " : "");
		return;
	}
	snprintf(name, sizeof(name), "%s%s%s", prefix, prefix[0] != '\0' ? "." : "", text);
	free(text);
	key = shc_conf_lookup(reader->keys, name);
	if (value != NULL && fy_node_is_alias(value))
	{
		value = shc_yaml_target(value);
		if (value == NULL)
		{
			shc_yaml_complain(&reader->yaml, line, "%s: no such anchor", name);
			return;
		}
	}
	if (key != NULL)
	{
		int *given = &reader->given[key - reader->keys];

		if (*given != 0)
			shc_yaml_complain(&reader->yaml, line, "%s: is given twice", key->name);
		else
			read_value(reader, key, value, line);
		*given = line > 0 ? line : -1;
	}
	else if (is_section(reader->keys, name) && value != NULL && fy_node_is_mapping(value))
		read_section(reader, value, name);
	else if (!is_section(reader->keys, name))
		shc_warning("%s:%d: %s: unknown key", reader->yaml.name, line, name);
	else if (!shc_yaml_is_null(value))
		shc_yaml_complain(&reader->yaml, line, "%s: must be a section", name);
}

static void
read_section(Reader *reader, struct fy_node *mapping, const char *prefix)
{
	struct fy_node_pair *pair;
	void *iterator = NULL;

	while ((pair = fy_node_mapping_iterate(mapping, &iterator)) != NULL)
		read_pair(reader, fy_node_pair_key(pair), fy_node_pair_value(pair), prefix);
}

/* Applies a parsed file and frees it. */
static bool
apply(Reader *reader)
{
	struct fy_node *root = shc_yaml_target(shc_yaml_root(&reader->yaml));
	size_t n = 0;

	while (reader->keys[n].name != NULL)
		n++;
	reader->given = calloc(n + 1, sizeof(int));
	if (reader->given == NULL)
		shc_yaml_complain(&reader->yaml, 0, "out of memory");
	else if (root != NULL && fy_node_is_mapping(root))
		read_section(reader, root, "");
	else if (!shc_yaml_is_null(root))
		shc_yaml_complain(&reader->yaml, shc_yaml_line(root), "must be keys with values");
	free(reader->given);
	shc_yaml_free(&reader->yaml);
	return reader->yaml.errors == 0;
}

bool
shc_conf_read_text(const ShcConfKey *keys, void *conf, const char *file, const char *text,
				   size_t len)
{
	Reader reader = {.keys = keys, .conf = conf};

	return shc_yaml_parse(file, text, len, false, &reader.yaml) && apply(&reader);
}

bool
shc_conf_read(const ShcConfKey *keys, void *conf, const char *file)
{
	Reader reader = {.keys = keys, .conf = conf};

	return shc_yaml_read(file, false, &reader.yaml) && apply(&reader);
}
