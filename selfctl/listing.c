/*
 * listing.c: tables are kept in memory until their widths are known; a listing has a limit.
 */
#include "listing.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "exit_code.h"
#include "log.h"
#include "utf8.h"

#define TABLE_MAX ((size_t) 256 * 1024 * 1024)

typedef struct Row
{
	struct Row *next;
	const char *value[];
} Row;

typedef struct Table
{
	ShcArena *arena;
	int columns;
	size_t width[LISTING_COLUMNS_MAX];
	Row *first;
	Row *last;
} Table;

/* ---- text ---- */

static bool
is_control(const char *p, size_t len)
{
	unsigned char c = (unsigned char) p[0];

	/* C0 and DEL, and C1 as U+0080 to U+009F. */
	return (len == 1 && (c < 0x20 || c == 0x7f)) ||
		   (len == 2 && c == 0xc2 && (unsigned char) p[1] < 0xa0);
}

/* A copy that is safe on a terminal, and how many characters it has. */
static char *
printable(ShcArena *arena, const char *text, size_t *width)
{
	const char *end = text + strlen(text);
	char *out = shc_arena_alloc(arena, strlen(text) + 1);
	char *p = out;

	*width = 0;
	if (out == NULL)
		return NULL;
	while (text < end)
	{
		size_t len = shc_utf8_len(text, end);

		if (len == 0 || is_control(text, len))
		{
			*p++ = '?';
			text += len == 0 ? 1 : len;
		}
		else
		{
			memcpy(p, text, len);
			p += len;
			text += len;
		}
		++*width;
	}
	*p = '\0';
	return out;
}

/* ---- tables ---- */

static bool
keep_row(void *context, int n, const char *const *value)
{
	Table *table = context;
	Row *row =
		shc_arena_zalloc(table->arena, sizeof(Row) + (size_t) table->columns * sizeof(char *));

	for (int i = 0; row != NULL && i < table->columns && i < n; i++)
	{
		size_t width;

		row->value[i] = printable(table->arena, value[i] != NULL ? value[i] : "-", &width);
		if (row->value[i] == NULL)
			row = NULL;
		else if (width > table->width[i])
			table->width[i] = width;
	}
	if (row == NULL)
	{
		shc_error("the listing is too long");
		return false;
	}
	if (table->last != NULL)
		table->last->next = row;
	else
		table->first = row;
	table->last = row;
	return true;
}

static size_t
width_of(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += ((unsigned char) *text & 0xc0) != 0x80;
	return n;
}

static void
print_line(const Table *table, const char *const *value)
{
	for (int i = 0; i < table->columns; i++)
	{
		const char *text = value[i] != NULL ? value[i] : "-";

		if (i == table->columns - 1)
			printf("%s\n", text);
		else
			printf("%s%*s", text, (int) (table->width[i] - width_of(text) + 2), "");
	}
}

static bool
read_table(Session *session, const Listing *listing, Table *table)
{
	*table = (Table){.arena = shc_arena_new(TABLE_MAX)};
	if (table->arena == NULL)
	{
		shc_error("out of memory");
		return false;
	}
	while (table->columns < LISTING_COLUMNS_MAX && listing->heading[table->columns] != NULL)
	{
		table->width[table->columns] = width_of(listing->heading[table->columns]);
		table->columns++;
	}
	return shc_pg_exec(session->pg, listing->query, listing->n, listing->parameter, keep_row,
					   table);
}

static bool
print_table(Session *session, const Listing *listing)
{
	Table table;
	bool good = read_table(session, listing, &table);

	if (good && table.first == NULL && listing->nothing != NULL)
		puts(listing->nothing);
	else if (good)
		print_line(&table, listing->heading);
	for (Row *row = table.first; good && row != NULL; row = row->next)
		print_line(&table, row->value);
	shc_arena_free(table.arena);
	return good;
}

static bool
print_lines(Session *session, const Listing *listing)
{
	Table table;
	bool good = read_table(session, listing, &table) && table.first != NULL;
	size_t width = 0;

	for (int i = 0; i < table.columns; i++)
	{
		if (width_of(listing->heading[i]) > width)
			width = width_of(listing->heading[i]);
	}
	for (int i = 0; good && i < table.columns; i++)
		printf("%s%*s%s\n", listing->heading[i], (int) (width - width_of(listing->heading[i]) + 2),
			   "", table.first->value[i]);
	shc_arena_free(table.arena);
	return good;
}

/* ---- JSON ---- */

/* PostgreSQL makes the JSON; here it is only laid out. */
static bool
print_json(Session *session, const Listing *listing, const char *query)
{
	char *text = NULL;
	json_object *value;
	bool good = shc_pg_value(session->pg, query, listing->n, listing->parameter, &text);

	value = good && text != NULL ? json_tokener_parse(text) : NULL;
	if (value != NULL)
		puts(json_object_to_json_string_ext(value, (json_object_is_type(value, json_type_array) &&
															json_object_array_length(value) == 0
														? JSON_C_TO_STRING_PLAIN
														: JSON_C_TO_STRING_PRETTY) |
													   JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(value);
	free(text);
	return value != NULL;
}

static bool
print_wrapped(Session *session, const Listing *listing, const char *before, const char *after)
{
	ShcArena *arena = shc_arena_new(TABLE_MAX);
	char *query =
		arena != NULL ? shc_arena_printf(arena, "%s%s%s", before, listing->query, after) : NULL;
	bool good = query != NULL && print_json(session, listing, query);

	if (query == NULL)
		shc_error("out of memory");
	shc_arena_free(arena);
	return good;
}

bool
listing_print(Session *session, const Listing *listing, bool is_json)
{
	if (!is_json)
		return print_table(session, listing);
	return print_wrapped(session, listing, "SELECT coalesce(json_agg(q), '[]') FROM (", ") AS q");
}

bool
listing_print_one(Session *session, const Listing *listing, bool is_json)
{
	if (!is_json)
		return print_lines(session, listing);
	return print_wrapped(session, listing, "SELECT to_json(q) FROM (", ") AS q LIMIT 1");
}

int
listing_run(const SessionOptions *where, const Listing *listing, bool is_json)
{
	Session session;
	bool good = session_open(&session, where) && listing_print(&session, listing, is_json);

	session_close(&session);
	return good ? EXIT_CODE_OK : EXIT_CODE_FAILED;
}

void
listing_print_text(const char *text)
{
	const char *end = text + strlen(text);

	for (const char *p = text; p < end;)
	{
		size_t len = shc_utf8_len(p, end);
		bool is_plain = len > 0 && (*p == '\n' || *p == '\t' || !is_control(p, len));

		if (is_plain)
			fwrite(p, 1, len, stdout);
		else
			putchar('?');
		p += len > 0 ? len : 1;
	}
	if (end > text && end[-1] != '\n')
		putchar('\n');
}
