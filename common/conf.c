/*
 * conf.c: the table of keys: defaults, single assignments, and where files are found.
 */
#include "conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "conf_internal.h"
#include "log.h"

static void *
member(const ShcConfKey *key, void *conf)
{
	return (char *) conf + key->offset;
}

const ShcConfKey *
shc_conf_lookup(const ShcConfKey *keys, const char *name)
{
	for (; keys->name != NULL; keys++)
		if (strcasecmp(keys->name, name) == 0)
			return keys;
	return NULL;
}

void
shc_conf_list_free(ShcConfList *list)
{
	for (int i = 0; i < list->n; i++)
		free(list->item[i]);
	free(list->item);
	*list = (ShcConfList){0};
}

void
shc_conf_set_list(const ShcConfKey *key, void *conf, ShcConfList list)
{
	ShcConfList *old = member(key, conf);

	shc_conf_list_free(old);
	*old = list;
}

static bool
set_string(const ShcConfKey *key, void *conf, const char *text, char reason[SHC_REASON_SIZE])
{
	char **old = member(key, conf);
	char *copy = strdup(text);

	if (copy == NULL)
	{
		snprintf(reason, SHC_REASON_SIZE, "out of memory");
		return false;
	}
	free(*old);
	*old = copy;
	return true;
}

/* A YAML sequence, or else the only item; nothing at all is the empty list. */
static bool
set_list_text(const ShcConfKey *key, void *conf, const char *text, char reason[SHC_REASON_SIZE])
{
	ShcConfList list = {0};

	if (text[0] == '[')
	{
		if (!shc_conf_list_parse(text, &list, reason))
			return false;
	}
	else if (text[0] != '\0')
	{
		list.item = calloc(1, sizeof(char *));
		if (list.item != NULL)
			list.item[0] = strdup(text);
		if (list.item == NULL || list.item[0] == NULL)
		{
			free(list.item);
			snprintf(reason, SHC_REASON_SIZE, "out of memory");
			return false;
		}
		list.n = 1;
	}
	shc_conf_set_list(key, conf, list);
	return true;
}

bool
shc_conf_set(const ShcConfKey *key, void *conf, const char *text, char reason[SHC_REASON_SIZE])
{
	double number;

	switch (key->type)
	{
		case SHC_CONF_BOOL:
			if (shc_conf_bool(text, member(key, conf)))
				return true;
			snprintf(reason, SHC_REASON_SIZE, "must be true or false");
			return false;
		case SHC_CONF_INT:
		case SHC_CONF_SIZE:
		case SHC_CONF_DURATION:
			if (!shc_conf_number(key, text, &number, reason))
				return false;
			*(int64_t *) member(key, conf) = (int64_t) number;
			return true;
		case SHC_CONF_DOUBLE:
			if (!shc_conf_number(key, text, &number, reason))
				return false;
			*(double *) member(key, conf) = number;
			return true;
		case SHC_CONF_STRING:
			return set_string(key, conf, text, reason);
		case SHC_CONF_LIST:
			return set_list_text(key, conf, text, reason);
		case SHC_CONF_IGNORED:
			break;
	}
	return true;
}

bool
shc_conf_defaults(const ShcConfKey *keys, void *conf)
{
	char reason[SHC_REASON_SIZE];
	bool good = true;

	/* What the struct held before is not known to be valid. */
	for (const ShcConfKey *key = keys; key->name != NULL; key++)
	{
		if (key->type == SHC_CONF_STRING)
			*(char **) member(key, conf) = NULL;
		else if (key->type == SHC_CONF_LIST)
			*(ShcConfList *) member(key, conf) = (ShcConfList){0};
	}
	for (const ShcConfKey *key = keys; key->name != NULL; key++)
	{
		if (key->type == SHC_CONF_IGNORED)
			continue;
		if (!shc_conf_set(key, conf, key->standard != NULL ? key->standard : "", reason))
		{
			shc_error("default of %s: %s", key->name, reason);
			good = false;
		}
	}
	return good;
}

bool
shc_conf_assign(const ShcConfKey *keys, void *conf, const char *assignment)
{
	const char *equals = strchr(assignment, '=');
	char reason[SHC_REASON_SIZE];
	const ShcConfKey *key;
	char name[128];
	size_t len;

	if (equals == NULL || equals == assignment)
	{
		shc_error("a setting must be written as key=value");
		return false;
	}
	len = (size_t) (equals - assignment);
	if (len >= sizeof(name))
		len = sizeof(name) - 1;
	memcpy(name, assignment, len);
	name[len] = '\0';
	key = shc_conf_lookup(keys, name);
	if (key == NULL)
	{
		shc_error("%s: unknown key", name);
		return false;
	}
	if (key->type == SHC_CONF_IGNORED)
		shc_warning("%s: has no effect here", key->name);
	if (shc_conf_set(key, conf, equals + 1, reason))
		return true;
	shc_error("%s: %s", key->name, reason);
	return false;
}

void
shc_conf_free(const ShcConfKey *keys, void *conf)
{
	for (const ShcConfKey *key = keys; key->name != NULL; key++)
	{
		if (key->type == SHC_CONF_STRING)
		{
			char **text = member(key, conf);

			free(*text);
			*text = NULL;
		}
		else if (key->type == SHC_CONF_LIST)
			shc_conf_list_free(member(key, conf));
	}
}

/* directory/name, or name alone without a directory, with the first ending that there is a file of. */
static char *
find_in(const char *directory, const char *name)
{
	static const char *const ending[] = {"", ".yaml", ".yml"};

	for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++)
	{
		struct stat status;
		char *path;

		if (asprintf(&path, "%s%s%s%s", directory, directory[0] != '\0' ? "/" : "", name,
					 ending[i]) < 0)
			return NULL;
		if (stat(path, &status) == 0 && !S_ISDIR(status.st_mode))
			return path;
		free(path);
	}
	return NULL;
}

char *
shc_conf_find(const char *name)
{
	const char *home = getenv("HOME");
	char home_directory[4096];
	const char *directory[] = {"/etc/selfhost", "/etc/xdg/selfhost", home_directory, "."};
	char *path;

	if (name[0] == '/' || strncmp(name, "./", 2) == 0 || strncmp(name, "../", 3) == 0)
	{
		path = find_in("", name);
		if (path == NULL)
			shc_error("cannot find %s", name);
		return path;
	}
	if (home == NULL || home[0] == '\0' ||
		snprintf(home_directory, sizeof(home_directory), "%s/.config/selfhost", home) >=
			(int) sizeof(home_directory))
		directory[2] = NULL;
	for (size_t i = 0; i < sizeof(directory) / sizeof(directory[0]) && name[0] != '\0'; i++)
	{
		path = directory[i] != NULL ? find_in(directory[i], name) : NULL;
		if (path != NULL)
			return path;
	}
	shc_error("cannot find \"%s\" in /etc/selfhost, /etc/xdg/selfhost, $HOME/.config/selfhost or "
			  "the current directory",
			  name);
	return NULL;
}

bool
shc_conf_load(const ShcConfKey *keys, void *conf, const ShcConfSource *source)
{
	const char *name = source->file != NULL ? source->file : getenv("CONFIG_FILENAME");
	char *file = NULL;
	bool good;

	if (source->standard != NULL)
	{
		file = shc_conf_find(name != NULL && name[0] != '\0' ? name : source->standard);
		if (file == NULL)
			return false;
	}
	good = shc_conf_defaults(keys, conf) && (file == NULL || shc_conf_read(keys, conf, file));
	free(file);
	for (int i = 0; i < source->nassignments; i++)
		good = shc_conf_assign(keys, conf, source->assignment[i]) && good;
	return good;
}

/* Texts with blanks, and the empty one, are quoted. */
static void
print_key(const ShcConfKey *key)
{
	bool is_text = key->type == SHC_CONF_STRING;
	const char *quote =
		key->standard[0] == '\0' || (is_text && strchr(key->standard, ' ') != NULL) ? "\"" : "";
	char standard[256];

	snprintf(standard, sizeof(standard), "%s%s%s", quote, key->standard, quote);
	printf("%-32s %-8s %s\n", key->name, standard, key->help);
}

void
shc_conf_print_keys(const ShcConfKey *keys)
{
	for (const ShcConfKey *key = keys; key->name != NULL; key++)
	{
		if (key->type != SHC_CONF_IGNORED)
			print_key(key);
	}
}
