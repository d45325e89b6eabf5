/*
 * conninfo.c: connection strings on the command line.
 */
#include "conninfo.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

typedef struct Copy
{
	struct Copy *next;
	char text[];
} Copy;

static void
cover(char *from, const char *end)
{
	while (from < end)
		*from++ = 'x';
}

/* postgresql://user:password@host; one that is not written as it must be may hold an @ or a / itself. */
static void
cover_userinfo(char *authority)
{
	char *colon = strchr(authority, ':');
	const char *at = strrchr(authority, '@');

	if (colon != NULL && at != NULL && colon < at)
		cover(colon + 1, at);
}

/* Behind a value: one in quotes ends with a quote, another with a separator; a backslash takes what follows. */
static const char *
end_of_value(const char *value, const char *separators)
{
	bool is_quoted = *value == '\'';

	if (is_quoted)
		value++;
	while (*value != '\0' && (is_quoted ? *value != '\'' : strchr(separators, *value) == NULL))
		value += *value == '\\' && value[1] != '\0' ? 2 : 1;
	return value;
}

/* password=secret, password = 'a secret', and sslpassword; in a URI up to the next parameter. */
static void
cover_parameters(char *text, const char *separators)
{
	static const char name[] = "password";
	char *found = text;

	while ((found = strstr(found, name)) != NULL)
	{
		found += strlen(name);
		found += strspn(found, " \t\n");
		if (*found != '=')
			continue;
		found++;
		found += strspn(found, " \t\n");
		cover(found, end_of_value(found, separators));
	}
}

const char *
shc_conninfo_take(char *argument)
{
	/* Nobody frees them; whoever looks for leaks finds them here. */
	static Copy *copies;
	size_t size = strlen(argument) + 1;
	Copy *copy = malloc(sizeof(Copy) + size);
	char *scheme = strstr(argument, "://");

	if (copy == NULL)
	{
		shc_error("out of memory");
		return NULL;
	}
	memcpy(copy->text, argument, size);
	copy->next = copies;
	copies = copy;
	if (scheme != NULL)
		cover_userinfo(scheme + 3);
	cover_parameters(argument, scheme != NULL ? "&" : " \t\n");
	return copy->text;
}
