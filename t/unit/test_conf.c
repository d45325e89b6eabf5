/*
 * test_conf.c: values and their limits, YAML files, messages with file, line and key, the search for
 * files, and the domain file with its secrets.
 */
#include "conf.h"

#include <limits.h>
#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture.h"
#include "conf_internal.h"
#include "tap.h"

typedef struct Settings
{
	bool flag;
	int64_t port;
	double ratio;
	int64_t size;
	int64_t wait;
	char *host;
	ShcConfList origins;
	int64_t free;
} Settings;

#define KEY(name, type, member, standard, min, max)                        \
	{                                                                      \
		name, type, offsetof(Settings, member), standard, min, max, "help" \
	}

static const ShcConfKey keys[] = {
	KEY("cors.origins", SHC_CONF_LIST, origins, "[\"https://*\", 'http://*']", 0, 0),
	KEY("flag", SHC_CONF_BOOL, flag, "true", 0, 0),
	KEY("free", SHC_CONF_INT, free, "0", 0, 0),
	KEY("limits.ratio", SHC_CONF_DOUBLE, ratio, "0.5", 0, 1),
	KEY("limits.size", SHC_CONF_SIZE, size, "5MiB", 1024, 1073741824.0),
	KEY("limits.wait", SHC_CONF_DURATION, wait, "3m", 1000, INFINITY),
	KEY("listen.host", SHC_CONF_STRING, host, "", 0, 0),
	KEY("listen.port", SHC_CONF_INT, port, "8095", 0, 65535),
	{"module_library", SHC_CONF_IGNORED, 0, NULL, 0, 0, "help"},
	{NULL, SHC_CONF_IGNORED, 0, NULL, 0, 0, NULL},
};

static void
test_defaults(void)
{
	Settings conf;

	memset(&conf, 0xff, sizeof(conf));
	ok(shc_conf_defaults(keys, &conf), "defaults are set");
	ok(conf.flag && conf.port == 8095 && conf.ratio == 0.5, "numbers");
	is_int(conf.size, 5 * 1024 * 1024, "a size");
	is_int(conf.wait, 180000000, "a duration");
	is_str(conf.host, "", "a text");
	is_int(conf.origins.n, 2, "a list");
	is_str(conf.origins.item[0], "https://*", "its first item");
	is_str(conf.origins.item[1], "http://*", "its second item");
	shc_conf_free(keys, &conf);
	ok(conf.host == NULL && conf.origins.n == 0, "nothing is left when they are freed");
}

static void
test_values(void)
{
	static const struct
	{
		const char *assignment;
		int64_t expected; /* -1: refused */
		size_t offset;
	} cases[] = {
		{"listen.port=80", 80, offsetof(Settings, port)},
		{"LISTEN.Port=+81", 81, offsetof(Settings, port)},
		{"listen.port=65535", 65535, offsetof(Settings, port)},
		{"listen.port=65536", -1, 0},
		{"listen.port=-1", -1, 0},
		{"listen.port=", -1, 0},
		{"listen.port=0x50", -1, 0},
		{"listen.port=80 ", -1, 0},
		{"listen.port=8.0", -1, 0},
		{"listen.port=99999999999999999999", -1, 0},
		{"free=-9007199254740992", -9007199254740992, offsetof(Settings, free)},
		{"free=9007199254740993000", -1, 0},
		{"limits.size=65536", 65536, offsetof(Settings, size)},
		{"limits.size=64kB", 65536, offsetof(Settings, size)},
		{"limits.size=64 KiB", 65536, offsetof(Settings, size)},
		{"limits.size=1.5m", 1572864, offsetof(Settings, size)},
		{"limits.size=1GB", 1073741824, offsetof(Settings, size)},
		{"limits.size=2GB", -1, 0},
		{"limits.size=1b", -1, 0},
		{"limits.size=1024.5", -1, 0},
		{"limits.size=-5MB", -1, 0},
		{"limits.size=5 apples", -1, 0},
		{"limits.size=MB", -1, 0},
		{"limits.size=99999999999999999999999999TB", -1, 0},
		{"limits.wait=250ms", 250000, offsetof(Settings, wait)},
		{"limits.wait=10s", 10000000, offsetof(Settings, wait)},
		{"limits.wait=90", 90000000, offsetof(Settings, wait)},
		{"limits.wait=0.5", 500000, offsetof(Settings, wait)},
		{"limits.wait=1h30m", 5400000000, offsetof(Settings, wait)},
		{"limits.wait=1.5h", 5400000000, offsetof(Settings, wait)},
		{"limits.wait=1m0.25s", 60250000, offsetof(Settings, wait)},
		{"limits.wait=2500us", 2500, offsetof(Settings, wait)},
		{"limits.wait=2500\xc2\xb5s", 2500, offsetof(Settings, wait)},
		{"limits.wait=2500000ns", 2500, offsetof(Settings, wait)},
		{"limits.wait=1d", 86400000000, offsetof(Settings, wait)},
		{"limits.wait=999us", -1, 0},
		{"limits.wait=0", -1, 0},
		{"limits.wait=-3m", -1, 0},
		{"limits.wait=3 m", -1, 0},
		{"limits.wait=3x", -1, 0},
		{"limits.wait=h", -1, 0},
		{"limits.wait=1h30", -1, 0},
		{"limits.wait=.", -1, 0},
		{"limits.wait=99999999999999d", -1, 0},
		{"limits.ratio=1.1", -1, 0},
		{"limits.ratio=nan", -1, 0},
		{"limits.ratio=inf", -1, 0},
		{"limits.ratio=e", -1, 0},
		{"flag=maybe", -1, 0},
		{"cors.origins=[a", -1, 0},
		{"cors.origins=[{a: b}]", -1, 0},
		{"cors.origins=[~]", -1, 0},
		{"nothing=1", -1, 0},
		{"listen=1", -1, 0},
		{"listen.port", -1, 0},
		{"=80", -1, 0},
	};
	Settings conf;

	shc_conf_defaults(keys, &conf);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		bool good;

		capture_start();
		good = shc_conf_assign(keys, &conf, cases[i].assignment);
		if (cases[i].expected == -1)
			ok(!good && capture_stop()[0] != '\0', "refused with a message: %s",
			   cases[i].assignment);
		else
			ok(good && capture_stop()[0] == '\0' &&
				   *(int64_t *) ((char *) &conf + cases[i].offset) == cases[i].expected,
			   "taken: %s", cases[i].assignment);
	}
	is_int(conf.port, 65535, "a refused value changes nothing");
	ok(shc_conf_assign(keys, &conf, "limits.ratio=1e-3") && conf.ratio == 0.001, "a fraction");
	ok(shc_conf_assign(keys, &conf, "flag=Off") && !conf.flag, "off");
	ok(shc_conf_assign(keys, &conf, "flag=yes") && conf.flag, "yes");
	shc_conf_assign(keys, &conf, "listen.host=a=b");
	is_str(conf.host, "a=b", "everything behind the first equals sign");
	ok(shc_conf_assign(keys, &conf, "cors.origins=a, b") && conf.origins.n == 1, "a list of one");
	ok(shc_conf_assign(keys, &conf, "cors.origins=[a, b]") && conf.origins.n == 2, "a list of two");
	ok(shc_conf_assign(keys, &conf, "cors.origins=[]") && conf.origins.n == 0, "an empty list");
	shc_conf_free(keys, &conf);
}

/* Reads the text as "f.yaml"; what was logged is in capture_text. */
static bool
read_text(Settings *conf, const char *text)
{
	bool good;

	shc_conf_defaults(keys, conf);
	capture_start();
	good = shc_conf_read_text(keys, conf, "f.yaml", text, strlen(text));
	capture_stop();
	return good;
}

static void
test_yaml(void)
{
	Settings conf;

	ok(read_text(&conf, "# comment\nListen:\n  HOST: \"::1\"\n  port: 80\n"
						"limits: {wait: 1h30m, size: 64kB, ratio: 1}\nflag: no\n"
						"cors:\n  origins:\n  - a\n  - b c\n  - \"3\"\n"),
	   "a file");
	is_str(capture_text, "", "without a word");
	is_str(conf.host, "::1", "a text");
	ok(conf.port == 80 && conf.wait == 5400000000 && conf.size == 65536 && conf.ratio == 1 &&
		   !conf.flag,
	   "numbers");
	ok(conf.origins.n == 3 && strcmp(conf.origins.item[2], "3") == 0, "a list");
	shc_conf_free(keys, &conf);

	ok(read_text(&conf, "listen.port: \"81\"\ncors: {origins: x}\n") && conf.port == 81 &&
		   conf.origins.n == 1,
	   "dotted keys, quoted numbers, a list of one");
	shc_conf_free(keys, &conf);
	ok(read_text(&conf, "listen:\n  port:\n  host: ~\nlimits:\ncors:\n  origins: null\n") &&
		   conf.port == 8095 && conf.origins.n == 2 && capture_text[0] == '\0',
	   "keys without a value keep their defaults");
	shc_conf_free(keys, &conf);
	ok(read_text(&conf, "listen: &a {port: 82, host: &h x}\nlimits: *a\ncors: {origins: [*h]}\n") &&
		   conf.port == 82 && strcmp(conf.origins.item[0], "x") == 0,
	   "aliases");
	shc_conf_free(keys, &conf);

	for (int i = 0; i < 4; i++)
	{
		static const char *const empty[] = {"", "\xef\xbb\xbf# nothing\n\t\r\n", "---\n", "~"};

		ok(read_text(&conf, empty[i]) && conf.port == 8095 && capture_text[0] == '\0',
		   "empty file %d", i);
		shc_conf_free(keys, &conf);
	}
}

static void
test_messages(void)
{
	static const struct
	{
		const char *text;
		bool good;
		const char *message;
	} cases[] = {
		{"flag: true\n\nlisten:\n  prot: 80\n", true,
		 "\"level\":\"warning\",\"msg\":\"f.yaml:4: listen.prot: unknown key\""},
		{"foo: {a: {b: c}, d: 1}\n", true, "\"msg\":\"f.yaml:1: foo: unknown key\""},
		{"flag: 1\nmodule_library:\n  scheme: http\n", true,
		 "\"level\":\"warning\",\"msg\":\"f.yaml:2: module_library: has no effect here\""},
		{"flag: 1\nlisten:\n  Port: many\n", false,
		 "\"level\":\"error\",\"msg\":\"f.yaml:3: listen.port: must be a whole number\""},
		{"listen: {port: 65536}\n", false,
		 "\"msg\":\"f.yaml:1: listen.port: must be between 0 and 65535\""},
		{"limits:\n  size: 1\n", false,
		 "\"msg\":\"f.yaml:2: limits.size: must be between 1kiB and 1GiB\""},
		{"limits: {wait: 1us}\n", false, "\"msg\":\"f.yaml:1: limits.wait: must be at least 1ms\""},
		{"limits: {wait: soon}\n", false, "limits.wait: must be a duration, such as "},
		{"flag: perhaps\n", false, "f.yaml:1: flag: must be true or false"},
		{"flag:\n- true\n", false, "f.yaml:1: flag: must be a single value"},
		{"listen:\n  host: \"a\\0b\"\n", false, "f.yaml:2: listen.host: must be a single value"},
		{"cors:\n  origins: [a, [b]]\n", false, "f.yaml:2: cors.origins: must be a list of texts"},
		{"cors:\n  origins: {a: b}\n", false, "f.yaml:2: cors.origins: must be a single value"},
		{"flag: 1\nFlag: 0\n", false, "f.yaml:2: flag: is given twice"},
		{"listen: {port: 1}\nlisten.port: 1\n", false, "f.yaml:2: listen.port: is given twice"},
		{"listen: 5\n", false, "f.yaml:1: listen: must be a section"},
		{"flag: *none\n", false, "f.yaml:1: flag: no such anchor"},
		{"? [a]\n: b\n", false, "f.yaml: keys must be texts"},
		{"- flag\n", false, "f.yaml: must be keys with values"},
		{"flag: [\n", false, "f.yaml:2: "},
		{"flag: 1\n---\nlisten: {port: 2}\n", false, "f.yaml: holds more than one YAML document"},
		{"flag: 1\n...\nlisten: [\n", false, "f.yaml:4: "},
		{"flag: 1\n%listen: {port: 2}\n", false, "f.yaml:2: "},
		{"flag: 1\nlisten: \xff\n", false, "f.yaml:2: not valid YAML"},
	};
	Settings conf;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		bool good = read_text(&conf, cases[i].text);

		if (!ok(good == cases[i].good && strstr(capture_text, cases[i].message) != NULL,
				"message: %s", cases[i].message))
			printf("# %d: %s", good, capture_text);
		shc_conf_free(keys, &conf);
	}
	read_text(&conf, "flag: x\nlisten: {port: x}\nlimits: {size: x}\n");
	ok(strstr(capture_text, ":1: flag") != NULL &&
		   strstr(capture_text, ":2: listen.port") != NULL &&
		   strstr(capture_text, ":3: limits.size") != NULL,
	   "all errors are told at once");
	shc_conf_free(keys, &conf);
	shc_conf_defaults(keys, &conf);
	capture_start();
	ok(!shc_conf_read(keys, &conf, "/nonexistent/f.yaml") &&
		   strstr(capture_stop(), "cannot open /nonexistent/f.yaml: No such file") != NULL,
	   "a file that is not there");
	capture_start();
	ok(!shc_conf_read(keys, &conf, "/") && strstr(capture_stop(), "Is a directory") != NULL,
	   "a directory");
	shc_conf_free(keys, &conf);
}

static bool
read_domains(const char *text, ShcDomains *domains)
{
	bool good;

	capture_start();
	good = shc_domains_read_text("d.yaml", text, strlen(text), domains);
	capture_stop();
	return good;
}

static void
test_domains(void)
{
	ShcDomains domains = {0};

	ok(read_domains("domains:\n  Test: postgresql://u:p@h/d\n  a.B: \"host=x password='y'\"\n",
					&domains) &&
		   domains.n == 2 && capture_text[0] == '\0',
	   "a domain file");
	is_str(domains.item[0].name, "a.b", "names are lower-cased and sorted");
	is_str(domains.item[0].uri, "host=x password='y'", "a keyword string");
	is_str(domains.item[1].name, "test", "the other name");
	is_str(domains.item[1].uri, "postgresql://u:p@h/d", "a URI");
	shc_domains_free(&domains);
	ok(domains.n == 0 && domains.item == NULL, "freed");
	for (int i = 0; i < 4; i++)
	{
		static const char *const empty[] = {"", "# none\n", "domains:\n", "Domains: {}\n"};

		domains.n = 5;
		ok(read_domains(empty[i], &domains) && domains.n == 0, "no domains %d", i);
		shc_domains_free(&domains);
	}
}

/* What is wrong is told without the secret. */
static void
test_broken_domains(void)
{
	static const struct
	{
		const char *text;
		const char *message;
	} cases[] = {
		{"domains:\n  a: SECRET\n  b: SECRET\n  A: SECRET\n",
		 "d.yaml:4: domains.a: is given twice"},
		{"domains:\n  a: SECRET\ndomains:\n  b: SECRET\n", "d.yaml:3: domains: is given twice"},
		{"domains:\n  a: SECRET\n  b:\n", "d.yaml:3: domains.b: must be the URI of a database"},
		{"domains:\n  a: \"\"\n", "d.yaml:2: domains.a: must be the URI of a database"},
		{"domains:\n  a: [SECRET]\n", "d.yaml:2: domains.a: must be the URI of a database"},
		{"domains:\n  postgresql://u:SECRET@h/d:\n", "d.yaml:2: domains.?: must be the URI"},
		{"domains:\n  \"a\\n\": SECRET\n", "d.yaml:2: domains: a name must be a text"},
		{"domains: SECRET\n", "d.yaml:1: domains: must be names with URIs"},
		{"domain:\n  a: SECRET\n", "d.yaml: the key domains is missing"},
		{"SECRET: 1\n", "d.yaml:1: only the key domains is known here"},
		{"- SECRET\n", "d.yaml: must be a key domains"},
		{"SECRET", "d.yaml: must be a key domains"},
		{"domains:\n  a: SECRET\n b: c: SECRET\n", "not valid YAML"},
		{"domains:\n  a: *SECRET\n", "domains.a: must be the URI of a database"},
		{"domains:\n  a: 'SECRET\n", "not valid YAML"},
		{"domains:\n  a: !<SECRET SECRET\n", "not valid YAML"},
		{"domains:\n  a: \xffSECRET\n", "not valid YAML"},
	};
	ShcDomains domains = {.n = 7};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		bool good = read_domains(cases[i].text, &domains);

		if (!ok(!good && strstr(capture_text, cases[i].message) != NULL &&
					strstr(capture_text, "SECRET") == NULL,
				"broken: %s", cases[i].message))
			printf("# %d: %s", good, capture_text);
	}
	ok(domains.n == 7 && domains.item == NULL, "the old set stays");
	capture_start();
	ok(!shc_domains_read("/nonexistent/d.yaml", &domains) &&
		   strstr(capture_stop(), "cannot open /nonexistent/d.yaml") != NULL,
	   "a file that is not there");
}

static void
write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0)
	{
		perror(path);
		exit(1);
	}
}

static void
is_found(const char *name, const char *expected)
{
	char *found;

	capture_start();
	found = shc_conf_find(name);
	ok((expected == NULL) == (capture_stop()[0] != '\0'), "%s: logged only if not found", name);
	is_str(found, expected, name);
	free(found);
}

static void
test_files(void)
{
	char directory[] = "/tmp/test_conf.XXXXXX";
	char path[PATH_MAX];
	ShcDomains domains;
	Settings conf;

	if (mkdtemp(directory) == NULL || chdir(directory) != 0)
	{
		perror(directory);
		exit(1);
	}
	setenv("HOME", directory, 1);
	mkdir(".config", 0700);
	mkdir(".config/selfhost", 0700);
	mkdir("shc-test-1", 0700);
	write_file("shc-test-1.yaml", "flag: off\n");
	write_file("shc-test-2.yml", "domains: {a: b}\n");
	write_file("shc-test-3", "");
	write_file(".config/selfhost/shc-test-3.yaml", "");

	is_found("shc-test-1", "./shc-test-1.yaml");
	is_found("shc-test-1.yaml", "./shc-test-1.yaml");
	is_found("./shc-test-2", "./shc-test-2.yml");
	snprintf(path, sizeof(path), "%s/.config/selfhost/shc-test-3.yaml", directory);
	is_found("shc-test-3", path);
	snprintf(path, sizeof(path), "%s/shc-test-3", directory);
	is_found(path, path);
	is_found("./shc-test-3", "./shc-test-3");
	is_found("./shc-test-4", NULL);
	is_found("shc-test-4", NULL);
	is_found("", NULL);
	unsetenv("HOME");
	is_found("shc-test-3", "./shc-test-3");

	shc_conf_defaults(keys, &conf);
	ok(shc_conf_read(keys, &conf, "shc-test-1.yaml") && !conf.flag, "a file is read");
	shc_conf_free(keys, &conf);
	ok(shc_domains_read("shc-test-2.yml", &domains) && domains.n == 1, "a domain file is read");
	shc_domains_free(&domains);

	unlink("shc-test-1.yaml");
	unlink("shc-test-2.yml");
	unlink("shc-test-3");
	unlink(".config/selfhost/shc-test-3.yaml");
	rmdir("shc-test-1");
	rmdir(".config/selfhost");
	rmdir(".config");
	if (chdir("/") == 0)
		rmdir(directory);
}

int
main(void)
{
	test_defaults();
	test_values();
	test_yaml();
	test_messages();
	test_domains();
	test_broken_domains();
	test_files();
	return done_testing();
}
