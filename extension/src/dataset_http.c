/*
 * dataset_http.c: entity tags and byte ranges.
 */
#include "dataset_http.h"
#include "digits.h"

#include <string.h>
#include <strings.h>

static bool
is_space(char c)
{
	return c == ' ' || c == '\t';
}

/* ---- entity tags ---- */

/* The characters of the tag that begins at p, without its quotes; returns where it ends. */
static const char *
read_tag(const char *p, const char **tag, size_t *len)
{
	const char *end;

	if (strncmp(p, "W/\"", 3) == 0)
		p += 2;
	if (*p == '"' && (end = strchr(p + 1, '"')) != NULL)
	{
		*tag = p + 1;
		*len = (size_t) (end - *tag);
		return end + 1;
	}
	*tag = p;
	*len = strcspn(p, ", \t");
	return p + *len;
}

bool
sh_etag_listed(const char *header, const char *tag)
{
	const char *p = header;

	if (p == NULL)
		return false;
	for (;;)
	{
		const char *found;
		size_t len;

		p += strspn(p, ", \t");
		if (*p == '\0')
			return false;
		if (*p == '*')
			return true;
		p = read_tag(p, &found, &len);
		if (len == strlen(tag) && memcmp(found, tag, len) == 0)
			return true;
	}
}

bool
sh_etag_is(const char *header, const char *tag)
{
	const char *found;
	const char *end;
	size_t len;

	if (header == NULL || strncmp(header, "W/", 2) == 0)
		return false;
	end = read_tag(header, &found, &len);
	return *end == '\0' && len == strlen(tag) && memcmp(found, tag, len) == 0;
}

/* ---- ranges ---- */

/* A number, not beyond the range of its type. False: there is none. */
static bool
read_number(const char **p, uint64_t *number)
{
	const char *start = *p;

	*number = 0;
	for (; is_digit(**p); (*p)++)
	{
		uint64_t digit = (uint64_t) (**p - '0');

		*number = *number > (UINT64_MAX - digit) / 10 ? UINT64_MAX : *number * 10 + digit;
	}
	return *p > start;
}

/* "0-99", "100-" or "-50"; of the last, *first is the number and *is_suffix is set. */
static bool
read_range(const char *p, uint64_t *first, uint64_t *last, bool *is_suffix)
{
	bool has_first = read_number(&p, first);

	*is_suffix = !has_first;
	if (*p++ != '-')
		return false;
	if (*is_suffix)
	{
		if (!read_number(&p, first))
			return false;
	}
	else if (!read_number(&p, last))
		*last = UINT64_MAX;
	while (is_space(*p))
		p++;
	return *p == '\0' && (*is_suffix || *first <= *last);
}

ShRangeKind
sh_range_parse(const char *header, uint64_t size, uint64_t *first, uint64_t *last)
{
	bool is_suffix;

	if (header == NULL || strncasecmp(header, "bytes=", 6) != 0)
		return SH_RANGE_NONE;
	header += 6;
	while (is_space(*header))
		header++;
	if (!read_range(header, first, last, &is_suffix))
		return SH_RANGE_NONE;
	if (is_suffix)
	{
		if (*first == 0 || size == 0)
			return SH_RANGE_UNSATISFIABLE;
		*first = *first < size ? size - *first : 0;
		*last = size - 1;
		return SH_RANGE_GOOD;
	}
	if (*first >= size)
		return SH_RANGE_UNSATISFIABLE;
	if (*last >= size)
		*last = size - 1;
	return SH_RANGE_GOOD;
}
