/*
 * languages.h: the languages of this worker: those of language.h, and in the worker of the tests one
 * more, whose programs do on purpose what no program may.
 */
#ifndef SH_WORKER_LANGUAGES_H
#define SH_WORKER_LANGUAGES_H

#include <string.h>

#include "language.h"

#ifdef WK_TEST_LANGUAGE

extern const WkLanguage wk_test_language;

static inline const WkLanguage *
wk_any_language_find(const char *name)
{
	return strcmp(name, wk_test_language.name) == 0 ? &wk_test_language : wk_language_find(name);
}

/* The one of the tests is the first; another of its name is not there. */
static inline const WkLanguage *
wk_any_language_at(size_t i)
{
	const WkLanguage *language;

	if (i == 0)
		return &wk_test_language;
	for (size_t at = 0; (language = wk_language_at(at)) != NULL; at++)
		if (strcmp(language->name, wk_test_language.name) != 0 && --i == 0)
			return language;
	return NULL;
}

#else

#define wk_any_language_find wk_language_find
#define wk_any_language_at	 wk_language_at

#endif

#endif
