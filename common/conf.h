/*
 * conf.h: configuration as one table of keys per program: YAML file in, C struct out.
 */
#ifndef SHC_CONF_H
#define SHC_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum ShcConfType
{
	SHC_CONF_BOOL,	   /* bool */
	SHC_CONF_INT,	   /* int64_t */
	SHC_CONF_DOUBLE,   /* double */
	SHC_CONF_SIZE,	   /* int64_t, bytes: 65536, 64kB, 5MiB (kB = KiB = 1024) */
	SHC_CONF_DURATION, /* int64_t, microseconds: 250ms, 10s, 3m, 1h30m; a plain number is seconds */
	SHC_CONF_STRING,   /* char *, never NULL */
	SHC_CONF_LIST,	   /* ShcConfList: YAML sequence of strings, or one string */
	SHC_CONF_IGNORED   /* known from elsewhere, accepted with one warning */
} ShcConfType;

typedef struct ShcConfList
{
	int n;
	char **item;
} ShcConfList;

typedef struct ShcConfKey
{
	const char *name; /* "listen.port"; the table is sorted by it, and ends with NULL */
	ShcConfType type;
	size_t offset;		  /* of the member in the program's struct */
	const char *standard; /* default, as it would be written in the file (lists: YAML flow) */
	double min;			  /* limits of numbers, sizes and durations, in the member's unit; */
	double max;			  /* both 0: none; INFINITY: none above */
	const char *help;	  /* one line, for --help and the documentation test */
} ShcConfKey;

/* Sets every member to its default. */
extern bool shc_conf_defaults(const ShcConfKey *keys, void *conf);

/*
 * Reads a YAML file into conf. Keys are case-insensitive. Unknown keys are warnings that name them;
 * bad values are errors that name file, line and key, never the value. A key without a value keeps its
 * default. False after any error; all of them are logged.
 */
extern bool shc_conf_read(const ShcConfKey *keys, void *conf, const char *file);

/* One assignment, "section.key=value"; an unknown key is an error here. */
extern bool shc_conf_assign(const ShcConfKey *keys, void *conf, const char *assignment);

extern void shc_conf_free(const ShcConfKey *keys, void *conf);

/* Where a program's configuration comes from. */
typedef struct ShcConfSource
{
	const char *file;	  /* as --config names it; NULL: $CONFIG_FILENAME, else the standard name */
	const char *standard; /* NULL: no file is read, whatever the others say */
	const char *const *assignment; /* "section.key=value"; they override the file */
	int nassignments;
} ShcConfSource;

/*
 * Defaults, then the file, then the assignments. False after any error; all of them are logged. The
 * caller has zeroed conf, and frees it in any case.
 */
extern bool shc_conf_load(const ShcConfKey *keys, void *conf, const ShcConfSource *source);

/* Prints the keys with their defaults and help to standard output, but those that are ignored. */
extern void shc_conf_print_keys(const ShcConfKey *keys);

/*
 * Finds a file by the search order of Self-host: an absolute or ./relative name as it is, else
 * /etc/selfhost, /etc/xdg/selfhost, $HOME/.config/selfhost, the current directory; with .yaml and
 * .yml appended when the bare name is not there. Returns a malloc'd path, or NULL (logged).
 */
extern char *shc_conf_find(const char *name);

/* The domain file: `domains: {name: uri}`. Names are lower-cased, as they always were. */
typedef struct ShcDomain
{
	char *name;
	char *uri; /* a secret: never log it */
} ShcDomain;

typedef struct ShcDomains
{
	int n;
	ShcDomain *item; /* sorted by name, each name once */
} ShcDomains;

/* False (logged with file and line): *out is untouched, so that the old set stays. */
extern bool shc_domains_read(const char *file, ShcDomains *out);
/* Wipes the URIs. */
extern void shc_domains_free(ShcDomains *domains);
extern void shc_domain_free(ShcDomain *domain);

/* Brings a set into order; of domains with the same name one stays (logged). */
extern void shc_domains_sort(ShcDomains *domains);

/* Makes a name what clients send. False: it is empty, or has control characters. */
extern bool shc_domain_name_lower(char *name);
/* A name for a message: "?" where it may be a part of a URI. */
extern const char *shc_domain_name_shown(const char *name);

#endif
