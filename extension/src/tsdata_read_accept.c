/*
 * tsdata_read_accept.c: the little of content negotiation (RFC 9110, 12.5.1) that two formats need.
 */
#include "tsdata_read_accept.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool
is_range(const char *text, size_t len, const char *name)
{
	return len == strlen(name) && strncasecmp(text, name, len) == 0;
}

static const char *
skip_space(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	return p;
}

/* The q of the parameters in p..end - 1, in thousandths; 1000 without one. */
static int
quality(const char *p, const char *end)
{
	while (p < end)
	{
		int value = 0;
		int weight = 1000;

		p = skip_space(p + 1, end); /* behind the semicolon */
		if (end - p < 2 || (p[0] != 'q' && p[0] != 'Q') || p[1] != '=')
		{
			while (p < end && *p != ';')
				p++;
			continue;
		}
		for (p += 2; p < end && ((*p >= '0' && *p <= '9') || *p == '.') && weight > 0; p++)
		{
			if (*p == '.')
				continue;
			value += (*p - '0') * weight;
			weight /= 10;
		}
		return value > 1000 ? 1000 : value;
	}
	return 1000;
}

bool
sh_accepts_csv(const char *accept)
{
	int csv = 0;
	int json = 0;
	bool csv_first = true;

	for (const char *p = accept; p != NULL && *p != '\0';)
	{
		const char *end = p + strcspn(p, ",");
		const char *name = skip_space(p, end);
		const char *name_end = name + strcspn(name, ",; \t");
		size_t len = (size_t) (name_end - name);
		const char *parameters = skip_space(name_end, end);

		if (is_range(name, len, "text/csv"))
			csv = quality(parameters, end);
		else if (is_range(name, len, "application/json"))
		{
			json = quality(parameters, end);
			csv_first = csv > 0;
		}
		p = *end == ',' ? end + 1 : end;
	}
	return csv > 0 && (csv > json || (csv == json && csv_first));
}
