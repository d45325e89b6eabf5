/*
 * fuzz_conf.c: any bytes as a configuration file, as a domain file, and as assignments.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "conf_internal.h"
#include "log.h"

typedef struct Settings
{
	bool flag;
	int64_t port;
	double ratio;
	int64_t size;
	int64_t wait;
	char *host;
	ShcConfList origins;
} Settings;

#define KEY(name, type, member, standard, min, max)                    \
	{                                                                  \
		name, type, offsetof(Settings, member), standard, min, max, "" \
	}

static const ShcConfKey keys[] = {
	KEY("a.b.host", SHC_CONF_STRING, host, "x", 0, 0),
	KEY("a.b.wait", SHC_CONF_DURATION, wait, "3m", 1000, INFINITY),
	KEY("a.flag", SHC_CONF_BOOL, flag, "true", 0, 0),
	KEY("a.port", SHC_CONF_INT, port, "1", 0, 65535),
	KEY("list", SHC_CONF_LIST, origins, "[a, b]", 0, 0),
	KEY("ratio", SHC_CONF_DOUBLE, ratio, "0.5", 0, 1),
	KEY("size", SHC_CONF_SIZE, size, "5MiB", 1024, 1073741824.0),
	{"z", SHC_CONF_IGNORED, 0, NULL, 0, 0, ""},
	{NULL, SHC_CONF_IGNORED, 0, NULL, 0, 0, NULL},
};

extern int LLVMFuzzerInitialize(int *argc, char ***argv);
extern int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
extern const char *__lsan_default_suppressions(void);

/*
 * libfyaml loses a page where it takes the escapes of a long quoted scalar apart. That documents are
 * freed here is seen by the unit tests under AddressSanitizer.
 */
const char *
__lsan_default_suppressions(void)
{
	return "leak:libfyaml\n";
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void) argc;
	(void) argv;
	/* Above all levels. */
	shc_log_set_level((ShcLogLevel) (SHC_LOG_ERROR + 1));
	return 0;
}

/* Whatever was read or refused, the settings are within their limits. */
static void
check_settings(const Settings *conf)
{
	if (conf->port < 0 || conf->port > 65535 || !(conf->ratio >= 0 && conf->ratio <= 1) ||
		conf->size < 1024 || conf->size > 1073741824 || conf->wait < 1000 || conf->host == NULL)
		abort();
	for (int i = 0; i < conf->origins.n; i++)
		if (conf->origins.item[i] == NULL)
			abort();
}

static void
read_settings(const char *text, size_t size)
{
	Settings conf;

	if (!shc_conf_defaults(keys, &conf))
		abort();
	shc_conf_read_text(keys, &conf, "f", text, size);
	check_settings(&conf);
	shc_conf_assign(keys, &conf, text);
	check_settings(&conf);
	shc_conf_free(keys, &conf);
}

static void
read_domains(const char *text, size_t size)
{
	ShcDomains domains = {.n = -1};

	if (!shc_domains_read_text("f", text, size, &domains))
	{
		if (domains.n != -1)
			abort();
		return;
	}
	for (int i = 0; i < domains.n; i++)
		if (domains.item[i].name[0] == '\0' || domains.item[i].uri[0] == '\0' ||
			(i > 0 && strcmp(domains.item[i - 1].name, domains.item[i].name) >= 0))
			abort();
	shc_domains_free(&domains);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (text == NULL)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	read_settings(text, size);
	read_domains(text, size);
	free(text);
	return 0;
}
