/*
 * host_modules.c: the modules that every language has.
 */
#include <string.h>

#include "host_base64.h"
#include "host_http.h"
#include "host_json.h"
#include "host_math.h"
#include "host_run.h"
#include "host_text.h"
#include "host_times.h"

static const WkHostModule modules[] = {
	{"base64", wk_base64_members},	 {"cgi", wk_cgi_members},	{"fmt", wk_fmt_members},
	{"hex", wk_hex_members},		 {"http", wk_http_members}, {"json", wk_json_members},
	{"log", wk_log_members},		 {"math", wk_math_members}, {"rand", wk_rand_members},
	{"selfapi", wk_selfapi_members}, {"text", wk_text_members}, {"times", wk_times_members},
};

const WkHostModule *
wk_host_module(const char *name)
{
	for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++)
		if (strcmp(modules[i].name, name) == 0)
			return &modules[i];
	return NULL;
}
