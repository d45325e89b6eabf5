/*
 * listing.h: the rows of a query as a table for people or as JSON for programs.
 */
#ifndef SH_SELFCTL_LISTING_H
#define SH_SELFCTL_LISTING_H

#include "session.h"

#define LISTING_COLUMNS_MAX 12

/* A SELECT whose values can be cast to text, and what is printed of it. */
typedef struct Listing
{
	const char *query;
	int n; /* of parameters, all text */
	const char *const *parameter;
	const char *heading[LISTING_COLUMNS_MAX + 1]; /* of the columns in order; ends with NULL */
	const char *nothing;						  /* printed instead of an empty table */
} Listing;

/*
 * Prints all rows: as a table, or as a JSON array of objects whose members are the query's columns with
 * values of the query's types. Control characters are shown as "?" in a table, so that no name can steer
 * a terminal.
 */
extern bool listing_print(Session *session, const Listing *listing, bool is_json);

/* A command that does only that: opens the session, prints, closes. Returns the exit code. */
extern int listing_run(const SessionOptions *where, const Listing *listing, bool is_json);

/* Prints a text of several lines with the same care, and a line feed at its end if it has none. */
extern void listing_print_text(const char *text);

/*
 * Prints one row, as lines "heading  value" or as a JSON object. False also, without a word, when there
 * is no row.
 */
extern bool listing_print_one(Session *session, const Listing *listing, bool is_json);

#endif
