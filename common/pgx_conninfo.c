/*
 * pgx_conninfo.c: the parts of connection strings.
 */
#include "pgx_conninfo.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "log.h"
#include "pgx.h"

#define CONNINFO_MAX 16384

static bool
is_one_of(const char *keyword, const char *const *list)
{
	for (; *list != NULL; list++)
	{
		if (strcmp(keyword, *list) == 0)
			return true;
	}
	return false;
}

static bool
is_kept(const PQconninfoOption *option, ShcPgKeep keep)
{
	static const char *const place[] = {
		"host",		  "hostaddr",		 "port",   "dbname",
		"sslmode",	  "sslrootcert",	 "sslcrl", "target_session_attrs",
		"gssencmode", "channel_binding", NULL};
	static const char *const login[] = {"user",	  "passfile",		 "service", "sslcert",
										"sslkey", "connect_timeout", NULL};

	if (keep == SHC_PG_KEEP_ALL)
		return true;
	/* A database can be a connection string itself. */
	if (strpbrk(option->val, "=@") != NULL && strcmp(option->keyword, "passfile") != 0)
		return strcmp(option->keyword, "host") == 0 && option->val[0] == '@';
	return is_one_of(option->keyword, place) ||
		   (keep == SHC_PG_KEEP_SHOWN && is_one_of(option->keyword, login));
}

static void
put_part(ShcBuf *buf, const char *keyword, const char *value)
{
	bool is_plain = value[0] != '\0' && strpbrk(value, " \t\n\r\f\v'\\") == NULL;

	shc_buf_printf(buf, "%s%s=%s", buf->len > 0 ? " " : "", keyword, is_plain ? "" : "'");
	for (const char *p = value; *p != '\0'; p++)
	{
		if (*p == '\'' || *p == '\\')
			shc_buf_append(buf, "\\", 1);
		shc_buf_append(buf, p, 1);
	}
	shc_buf_puts(buf, is_plain ? "" : "'");
}

static const char *
replacement(const PQconninfoOption *option, const ShcPgEdit *edit, bool has_place)
{
	if (strcmp(option->keyword, "dbname") == 0)
		return edit->dbname;
	if (strcmp(option->keyword, "user") == 0)
		return edit->user;
	if (has_place || option->val != NULL)
		return NULL;
	if (strcmp(option->keyword, "host") == 0)
		return edit->host;
	return strcmp(option->keyword, "port") == 0 ? edit->port : NULL;
}

char *
shc_pg_conninfo_edit(const char *conninfo, const ShcPgEdit *edit)
{
	PQconninfoOption *options =
		shc_pg_conninfo_is_valid(conninfo) ? PQconninfoParse(conninfo, NULL) : NULL;
	bool has_place = false;
	ShcBuf buf;

	if (options == NULL)
	{
		shc_error("a connection string is not valid");
		return NULL;
	}
	shc_buf_init(&buf, CONNINFO_MAX);
	for (PQconninfoOption *option = options; option->keyword != NULL; option++)
		has_place = has_place || (option->val != NULL && strcmp(option->keyword, "hostaddr") == 0);
	for (PQconninfoOption *option = options; option->keyword != NULL; option++)
	{
		const char *value = replacement(option, edit, has_place);

		if (value == NULL && option->val != NULL && is_kept(option, edit->keep))
			value = option->val;
		if (value != NULL)
			put_part(&buf, option->keyword, value);
	}
	PQconninfoFree(options);
	if (!buf.failed && buf.len > 0)
		return buf.data;
	shc_error(buf.failed ? "a connection string is too long" : "a connection string is empty");
	shc_buf_free(&buf);
	return NULL;
}

char *
shc_pg_conninfo_part(const char *conninfo, const char *keyword)
{
	PQconninfoOption *options = PQconninfoParse(conninfo, NULL);
	char *part = NULL;

	for (PQconninfoOption *option = options;
		 part == NULL && option != NULL && option->keyword != NULL; option++)
	{
		if (strcmp(option->keyword, keyword) == 0 && option->val != NULL)
			part = strdup(option->val);
	}
	PQconninfoFree(options);
	return part;
}
