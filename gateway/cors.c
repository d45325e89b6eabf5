/*
 * cors.c: which pages of other origins may use the API.
 *
 * An origin pattern has at most one "*", which stands for any text; "*" alone allows every origin, and
 * then no credentials are sent by browsers.
 */
#include "cors.h"

#include <string.h>
#include <strings.h>

static bool
matches(const char *pattern, const char *origin)
{
	const char *star = strchr(pattern, '*');
	size_t before = star != NULL ? (size_t) (star - pattern) : strlen(pattern);
	size_t behind = star != NULL ? strlen(star + 1) : 0;
	size_t len = strlen(origin);

	if (star == NULL)
		return strcasecmp(pattern, origin) == 0;
	return len >= before + behind && strncasecmp(origin, pattern, before) == 0 &&
		   strcasecmp(origin + len - behind, star + 1) == 0;
}

const char *
gw_cors_allowed_origin(const GwConfig *config, const char *origin)
{
	const ShcConfList *list = &config->cors_origins;

	for (int i = 0; i < list->n; i++)
	{
		if (strcmp(list->item[i], "*") == 0)
			return "*";
		if (matches(list->item[i], origin))
			return origin;
	}
	return NULL;
}

static bool
contains(const ShcConfList *list, const char *text, size_t len)
{
	for (int i = 0; i < list->n; i++)
	{
		if (strcmp(list->item[i], "*") == 0 ||
			(strlen(list->item[i]) == len && strncasecmp(list->item[i], text, len) == 0))
			return true;
	}
	return false;
}

bool
gw_cors_allows(const GwConfig *config, const char *method, const char *headers)
{
	if (!contains(&config->cors_methods, method, strlen(method)))
		return false;
	while (headers != NULL && *headers != '\0')
	{
		size_t len;

		headers += strspn(headers, " \t,");
		len = strcspn(headers, " \t,");
		/* Every request of another origin has the header Origin. */
		if (len > 0 && !(len == 6 && strncasecmp(headers, "origin", len) == 0) &&
			!contains(&config->cors_headers, headers, len))
			return false;
		headers += len;
	}
	return true;
}

const char *
gw_cors_join(const ShcConfList *list, ShcArena *arena)
{
	size_t size = 1;
	char *text;
	char *p;

	for (int i = 0; i < list->n; i++)
		size += strlen(list->item[i]) + 2;
	text = p = shc_arena_alloc(arena, size);
	if (text == NULL)
		return NULL;
	for (int i = 0; i < list->n; i++)
	{
		size_t len = strlen(list->item[i]);

		if (i > 0)
			p = (char *) memcpy(p, ", ", 2) + 2;
		memcpy(p, list->item[i], len);
		p += len;
	}
	*p = '\0';
	return text;
}
