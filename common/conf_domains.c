/*
 * conf_domains.c: the domain file. Values are secrets: no message here or in yaml.c quotes one.
 */
#include "conf.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "conf_internal.h"
#include "log.h"
#include "yaml.h"

/* A domain together with where it stands. */
typedef struct Entry
{
	ShcDomain domain;
	int line;
} Entry;

typedef struct Entries
{
	int n;
	Entry *item;
} Entries;

void
shc_domain_free(ShcDomain *domain)
{
	free(domain->name);
	if (domain->uri != NULL)
		explicit_bzero(domain->uri, strlen(domain->uri));
	free(domain->uri);
}

void
shc_domains_free(ShcDomains *domains)
{
	for (int i = 0; i < domains->n; i++)
		shc_domain_free(&domains->item[i]);
	free(domains->item);
	*domains = (ShcDomains){0};
}

/* Letters of ASCII only: the names are what clients send as the user of Basic authentication. */
bool
shc_domain_name_lower(char *name)
{
	for (char *p = name; *p != '\0'; p++)
	{
		if ((unsigned char) *p < ' ' || *p == 0x7f)
			return false;
		if (*p >= 'A' && *p <= 'Z')
			*p += 'a' - 'A';
	}
	return name[0] != '\0';
}

/* A wrong nesting may have made a URI of it. */
const char *
shc_domain_name_shown(const char *name)
{
	static const char safe[] = "abcdefghijklmnopqrstuvwxyz0123456789._-";

	return name[strspn(name, safe)] == '\0' ? name : "?";
}

static int
compare_domains(const void *a, const void *b)
{
	const ShcDomain *left = a;
	const ShcDomain *right = b;

	return strcmp(left->name, right->name);
}

void
shc_domains_sort(ShcDomains *domains)
{
	int n = 0;

	qsort(domains->item, (size_t) domains->n, sizeof(ShcDomain), compare_domains);
	for (int i = 0; i < domains->n; i++)
	{
		if (n > 0 && strcmp(domains->item[n - 1].name, domains->item[i].name) == 0)
		{
			shc_error("domain %s is given twice: only one of them is served",
					  shc_domain_name_shown(domains->item[i].name));
			shc_domain_free(&domains->item[i]);
		}
		else
			domains->item[n++] = domains->item[i];
	}
	domains->n = n;
}

static void
read_entry(ShcYaml *yaml, struct fy_node *key, struct fy_node *value, Entries *entries)
{
	Entry *entry = &entries->item[entries->n];
	char *name = shc_yaml_text(key);
	char *uri = NULL;
	int line = shc_yaml_line(key);

	value = shc_yaml_target(value);
	if (!shc_yaml_is_null(value))
		uri = shc_yaml_text(value);
	if (name == NULL || !shc_domain_name_lower(name))
		shc_yaml_complain(yaml, line, "domains: a name must be a text without control characters");
	else if (uri == NULL || uri[0] == '\0')
		shc_yaml_complain(yaml, line, "domains.%s: must be the URI of a database",
						  shc_domain_name_shown(name));
	else
	{
		*entry = (Entry){.domain = {.name = name, .uri = uri}, .line = line};
		entries->n++;
		return;
	}
	shc_domain_free(&(ShcDomain){.name = name, .uri = uri});
}

static int
compare_entries(const void *a, const void *b)
{
	const Entry *left = a;
	const Entry *right = b;
	int order = strcmp(left->domain.name, right->domain.name);

	return order != 0 ? order : (left->line > right->line) - (left->line < right->line);
}

static void
read_mapping(ShcYaml *yaml, struct fy_node *mapping, Entries *entries)
{
	int count = fy_node_mapping_item_count(mapping);
	struct fy_node_pair *pair;
	void *iterator = NULL;

	if (count <= 0)
		return;
	entries->item = calloc((size_t) count, sizeof(Entry));
	if (entries->item == NULL)
	{
		shc_yaml_complain(yaml, 0, "out of memory");
		return;
	}
	for (int i = 0; i < count && (pair = fy_node_mapping_iterate(mapping, &iterator)) != NULL; i++)
		read_entry(yaml, fy_node_pair_key(pair), fy_node_pair_value(pair), entries);
	qsort(entries->item, (size_t) entries->n, sizeof(Entry), compare_entries);
	for (int i = 1; i < entries->n; i++)
		if (strcmp(entries->item[i].domain.name, entries->item[i - 1].domain.name) == 0)
			shc_yaml_complain(yaml, entries->item[i].line, "domains.%s: is given twice",
							  shc_domain_name_shown(entries->item[i].domain.name));
}

/* Reads the keys of the whole file, of which there is one. */
static void
read_root(ShcYaml *yaml, struct fy_node *root, Entries *entries)
{
	struct fy_node_pair *pair;
	void *iterator = NULL;
	bool found = false;

	while ((pair = fy_node_mapping_iterate(root, &iterator)) != NULL)
	{
		struct fy_node *value = shc_yaml_target(fy_node_pair_value(pair));
		char *name = shc_yaml_text(fy_node_pair_key(pair));
		int line = shc_yaml_line(fy_node_pair_key(pair));

		/* An unknown key is not named: where the nesting is wrong it may be a secret. */
		if (name == NULL || strcasecmp(name, "domains") != 0)
			shc_warning("%s:%d: only the key domains is known here", yaml->name, line);
		else if (found)
			shc_yaml_complain(yaml, line, "domains: is given twice");
		else
		{
			found = true;
			if (value != NULL && fy_node_is_mapping(value))
				read_mapping(yaml, value, entries);
			else if (!shc_yaml_is_null(value))
				shc_yaml_complain(yaml, line, "domains: must be names with URIs");
		}
		free(name);
	}
	/* A mistyped key must not look like a file without domains. */
	if (!found)
		shc_yaml_complain(yaml, 0, "the key domains is missing");
}

/* Hands the entries over to *out, in place of what a file without errors says. */
static bool
hand_over(ShcYaml *yaml, Entries *entries, ShcDomains *out)
{
	ShcDomain *item;

	if (yaml->errors > 0)
		return false;
	item = calloc((size_t) entries->n + 1, sizeof(ShcDomain));
	if (item == NULL)
	{
		shc_yaml_complain(yaml, 0, "out of memory");
		return false;
	}
	for (int i = 0; i < entries->n; i++)
		item[i] = entries->item[i].domain;
	*out = (ShcDomains){.n = entries->n, .item = item};
	entries->n = 0;
	return true;
}

/* Reads a parsed file and frees it. */
static bool
read_domains(ShcYaml *yaml, ShcDomains *out)
{
	struct fy_node *root = shc_yaml_target(shc_yaml_root(yaml));
	Entries entries = {0};
	bool good;

	if (root != NULL && fy_node_is_mapping(root))
		read_root(yaml, root, &entries);
	else if (!shc_yaml_is_null(root))
		shc_yaml_complain(yaml, 0, "must be a key domains with names and URIs");
	good = hand_over(yaml, &entries, out);
	for (int i = 0; i < entries.n; i++)
		shc_domain_free(&entries.item[i].domain);
	free(entries.item);
	shc_yaml_free(yaml);
	return good;
}

bool
shc_domains_read_text(const char *file, const char *text, size_t len, ShcDomains *out)
{
	ShcYaml yaml;

	return shc_yaml_parse(file, text, len, true, &yaml) && read_domains(&yaml, out);
}

bool
shc_domains_read(const char *file, ShcDomains *out)
{
	ShcYaml yaml;

	return shc_yaml_read(file, true, &yaml) && read_domains(&yaml, out);
}
