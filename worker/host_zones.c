/*
 * host_zones.c: loads the zone files and finds what holds at a time.
 *
 * Files lie in memory as they are and are read anew at each question: a question costs a binary search.
 * What lies behind a file's last transition follows the rule at its end (host_zone_rule.c).
 */
#include "host_zones.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "host_zone_rule.h"
#include "log.h"

#define ZONES_MAX	 2000
#define FILE_MAX	 (64 * 1024)
#define HEAD		 44
#define NAME_MAX_LEN 64

typedef struct Zone
{
	char *name;
	unsigned char *data;
	size_t len;
} Zone;

static Zone *zones;
static int n_zones;
/* While the folder is walked. */
static size_t folder_len;
static bool is_full;

/* ---- loading ---- */

static unsigned char *
read_file(const char *path, size_t *len)
{
	unsigned char *data = malloc(FILE_MAX);
	FILE *file = fopen(path, "re");

	*len = data != NULL && file != NULL ? fread(data, 1, FILE_MAX, file) : 0;
	if (file != NULL)
		fclose(file);
	/* Only files of version 2 and later have times of 64 bits. */
	if (*len < HEAD || *len == FILE_MAX || memcmp(data, "TZif", 4) != 0 || data[4] < '2')
	{
		free(data);
		return NULL;
	}
	return data;
}

static int
visit(const char *path, const struct stat *status, int type, struct FTW *position)
{
	const char *name = path + folder_len + 1;
	Zone zone = {.name = NULL};
	unsigned char *smaller;

	(void) position;
	(void) status;
	if ((type != FTW_F && type != FTW_SL) || strncmp(name, "posix/", 6) == 0 ||
		strncmp(name, "right/", 6) == 0 || strlen(name) > NAME_MAX_LEN)
		return 0;
	zone.data = read_file(path, &zone.len);
	if (zone.data == NULL)
		return 0;
	smaller = realloc(zone.data, zone.len);
	if (smaller != NULL)
		zone.data = smaller;
	zone.name = strdup(name);
	if (zone.name == NULL || n_zones == ZONES_MAX)
	{
		is_full = true;
		free(zone.name);
		free(zone.data);
		return 1;
	}
	zones[n_zones++] = zone;
	return 0;
}

static int
compare_zones(const void *a, const void *b)
{
	return strcasecmp(((const Zone *) a)->name, ((const Zone *) b)->name);
}

bool
wk_zones_load(const char *folder)
{
	if (zones != NULL)
		return true;
	zones = calloc(ZONES_MAX, sizeof(Zone));
	if (zones == NULL)
		return false;
	folder_len = strlen(folder);
	/* Links are files here; a folder that is reached by one would be gone through once only. */
	if (nftw(folder, visit, 16, FTW_PHYS) != 0 || is_full || n_zones == 0)
	{
		shc_error("cannot load the time zones of %s: %s", folder,
				  n_zones == 0 ? "there are none" : strerror(errno));
		wk_zones_free();
		return false;
	}
	qsort(zones, (size_t) n_zones, sizeof(Zone), compare_zones);
	return true;
}

void
wk_zones_free(void)
{
	for (int i = 0; i < n_zones; i++)
	{
		free(zones[i].name);
		free(zones[i].data);
	}
	free(zones);
	zones = NULL;
	n_zones = 0;
	is_full = false;
}

int
wk_zone_find(const char *name, size_t len)
{
	char text[NAME_MAX_LEN + 1];
	Zone wanted = {.name = text};
	const Zone *found;

	if (len > NAME_MAX_LEN || memchr(name, '\0', len) != NULL || n_zones == 0)
		return -1;
	memcpy(text, name, len);
	text[len] = '\0';
	found = bsearch(&wanted, zones, (size_t) n_zones, sizeof(Zone), compare_zones);
	return found != NULL ? (int) (found - zones) : -1;
}

const char *
wk_zone_name(int zone)
{
	return zone >= 0 && zone < n_zones ? zones[zone].name : "UTC";
}

/* ---- one file ---- */

static uint32_t
read_32(const unsigned char *p)
{
	return (uint32_t) p[0] << 24 | (uint32_t) p[1] << 16 | (uint32_t) p[2] << 8 | p[3];
}

static int64_t
read_64(const unsigned char *p)
{
	return (int64_t) ((uint64_t) read_32(p) << 32 | read_32(p + 4));
}

typedef struct Block
{
	const unsigned char *times;
	const unsigned char *kinds; /* of transitions */
	const unsigned char *types; /* offset, is_dst, abbreviation */
	const char *names;
	const char *rule; /* with a line feed behind it */
	size_t rule_len;
	size_t n_times;
	size_t n_types;
	size_t n_names;
} Block;

/* The size of the block behind a head, whose times have `width` bytes. */
static size_t
block_size(const unsigned char *head, size_t width)
{
	return (size_t) read_32(head + 32) * (width + 1) + (size_t) read_32(head + 36) * 6 +
		   read_32(head + 40) + (size_t) read_32(head + 28) * (width + 4) + read_32(head + 24) +
		   read_32(head + 20);
}

static bool
read_block(const Zone *zone, Block *out)
{
	size_t at = HEAD + block_size(zone->data, 4);
	const unsigned char *head = zone->data + at;
	size_t size;

	if (at + HEAD > zone->len)
		return false;
	size = block_size(head, 8);
	if (at + HEAD + size > zone->len)
		return false;
	out->n_times = read_32(head + 32);
	out->n_types = read_32(head + 36);
	out->n_names = read_32(head + 40);
	out->times = head + HEAD;
	out->kinds = out->times + out->n_times * 8;
	out->types = out->kinds + out->n_times;
	out->names = (const char *) out->types + out->n_types * 6;
	/* A line feed, the rule, a line feed. */
	out->rule = (const char *) head + HEAD + size + 1;
	out->rule_len = zone->len > at + HEAD + size + 2 ? zone->len - (at + HEAD + size + 2) : 0;
	return out->n_types > 0 && out->n_names > 0;
}

static void
take_type(const Block *block, size_t type, int32_t *offset, char abbreviation[14])
{
	const unsigned char *p = block->types + type * 6;
	size_t name = p[5];

	*offset = (int32_t) read_32(p);
	abbreviation[0] = '\0';
	if (name < block->n_names)
	{
		size_t len = strnlen(block->names + name, block->n_names - name);

		snprintf(abbreviation, 14, "%.*s", (int) (len < 13 ? len : 13), block->names + name);
	}
}

void
wk_zone_at(int zone, int64_t seconds, int32_t *offset, char abbreviation[14])
{
	Block block;
	size_t low = 0;
	size_t high;

	*offset = 0;
	snprintf(abbreviation, 14, "UTC");
	if (zone < 0 || zone >= n_zones || !read_block(&zones[zone], &block))
		return;
	high = block.n_times;
	/* The number of transitions at or before the time. */
	while (low < high)
	{
		size_t middle = (low + high) / 2;

		if (read_64(block.times + middle * 8) <= seconds)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == block.n_times && block.rule_len > 0 &&
		wk_zone_rule(block.rule, block.rule_len, seconds, offset, abbreviation))
		return;
	/* Before the first transition the first type holds. */
	take_type(&block, low > 0 && block.kinds[low - 1] < block.n_types ? block.kinds[low - 1] : 0,
			  offset, abbreviation);
}
