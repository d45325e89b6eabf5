/*
 * language.c: the table of languages, and what does not depend on any.
 */
#include "language.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "host_http.h"
#include "host_unicode.h"
#include "host_zones.h"
#include "lua_language.h"

static const WkLanguage *const languages[] = {&wk_lua};

#define N_LANGUAGES (sizeof(languages) / sizeof(languages[0]))

bool
wk_languages_prepare(void)
{
	const char *certificates = getenv("SSL_CERT_FILE");

	if (certificates != NULL && certificates[0] == '\0')
		certificates = NULL;
	return wk_unicode_prepare() && wk_http_prepare(certificates) && wk_zones_load(WK_ZONES_FOLDER);
}

const WkLanguage *
wk_language_at(size_t i)
{
	return i < N_LANGUAGES ? languages[i] : NULL;
}

const WkLanguage *
wk_language_find(const char *name)
{
	for (size_t i = 0; i < N_LANGUAGES; i++)
		if (strcmp(languages[i]->name, name) == 0)
			return languages[i];
	return NULL;
}

bool
wk_deadline_over(int64_t deadline)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000 >= deadline;
}

void
wk_response_init(WkResponse *response)
{
	*response = (WkResponse){.status = 200};
	shc_buf_init(&response->body, WK_RESPONSE_BODY_MAX);
}

void
wk_response_free(WkResponse *response)
{
	for (size_t i = 0; i < response->n_headers; i++)
	{
		free(response->headers[i].name);
		free(response->headers[i].value);
	}
	shc_buf_free(&response->body);
	wk_response_init(response);
}
