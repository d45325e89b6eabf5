/*
 * test_static_files.c: the table of files that are served as they are: what is in it, what is not, tags.
 */
#include "static_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tap.h"

static char folder[] = "/tmp/test_static_files.XXXXXX";

static const char *
name_of(const char *name)
{
	static char path[200];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void
put(const char *name, const char *text, size_t len)
{
	FILE *file = fopen(name_of(name), "w");

	if (file == NULL || fwrite(text, 1, len, file) != len || fclose(file) != 0)
	{
		perror(name);
		exit(1);
	}
}

/* Log lines go to standard error, where prove leaves them: quiet for what is meant to fail. */
static bool
add_quietly(GwStaticFiles *files, const char *name)
{
	FILE *out = freopen("/dev/null", "w", stderr);
	bool good = gw_static_files_add_directory(files, "/x/", name);

	(void) out;
	return good;
}

static void
test_table(void)
{
	GwStaticFiles *files = gw_static_files_new();
	const GwStaticFile *file;

	put("index.html", "<p>page</p>", 11);
	put("code.js", "1", 1);
	put("code.js.gz", "packed", 6);
	put("a.css", "", 0);
	put("zero.png", "a\0b", 3);
	put("LICENSE", "x", 1);
	put("notes.txt.bak", "x", 1);
	put(".hidden.js", "x", 1);
	mkdir(name_of("sub"), 0755);
	put("sub/inner.js", "x", 1);

	ok(gw_static_files_add_directory(files, "/page/", folder), "a directory is read");
	file = gw_static_files_find(files, "/page/index.html");
	ok(file != NULL && file->plain.len == 11 && memcmp(file->plain.data, "<p>page</p>", 11) == 0,
	   "a file");
	is_str(file != NULL ? file->media_type : NULL, "text/html; charset=utf-8", "its media type");
	file = gw_static_files_find(files, "/page/");
	ok(file != NULL && file->plain.len == 11, "index.html stands for the folder, too");
	file = gw_static_files_find(files, "/page/a.css");
	ok(file != NULL && file->plain.len == 0, "an empty file");
	/* The first half of SHA-256 of nothing. */
	is_str(file != NULL ? file->plain.etag : NULL, "\"e3b0c44298fc1c149afbf4c8996fb924\"",
		   "its tag");
	file = gw_static_files_find(files, "/page/zero.png");
	ok(file != NULL && file->plain.len == 3 && memcmp(file->plain.data, "a\0b", 3) == 0,
	   "any bytes");

	ok(gw_static_files_add(files, "/a.yaml", "application/yaml", name_of("LICENSE")), "one file");
	file = gw_static_files_find(files, "/a.yaml");
	is_str(file != NULL ? file->media_type : NULL, "application/yaml", "with its media type");
	file = gw_static_files_find(files, "/page/code.js");
	ok(file != NULL && file->plain.len == 1, "the others are still there");
	ok(file != NULL && file->gzip.len == 6 && memcmp(file->gzip.data, "packed", 6) == 0,
	   "a compressed form");
	ok(file != NULL && strcmp(file->plain.etag, file->gzip.etag) != 0, "with a tag of its own");
	file = gw_static_files_find(files, "/page/a.css");
	ok(file != NULL && file->gzip.data == NULL, "which another does not have");

	static const char *const absent[] = {"/page/LICENSE",
										 "/page/notes.txt.bak",
										 "/page/.hidden.js",
										 "/page/code.js.gz",
										 "/page/sub",
										 "/page/sub/",
										 "/page/sub/inner.js",
										 "/page",
										 "/page/INDEX.HTML",
										 "/page//index.html",
										 "/page/../page/index.html",
										 "/page/%69ndex.html",
										 "/page/index.html/",
										 "/",
										 ""};
	for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++)
		ok(gw_static_files_find(files, absent[i]) == NULL, "\"%s\" is not served", absent[i]);
	gw_static_files_free(files);
}

static void
test_limits(void)
{
	GwStaticFiles *files = gw_static_files_new();
	char name[40];

	ok(!add_quietly(files, name_of("nowhere")), "a directory that is not there");
	mkdir(name_of("folder.js"), 0755);
	ok(!add_quietly(files, folder), "a folder with the name of a file");
	rmdir(name_of("folder.js"));
	gw_static_files_free(files);

	files = gw_static_files_new();
	put("large.js", "x", 1);
	ok(truncate(name_of("large.js"), 17 * 1024 * 1024) == 0 && !add_quietly(files, folder),
	   "more bytes than are served");
	unlink(name_of("large.js"));
	gw_static_files_free(files);

	files = gw_static_files_new();
	for (int i = 0; i < 70; i++)
	{
		snprintf(name, sizeof(name), "many%d.js", i);
		put(name, "x", 1);
	}
	ok(!add_quietly(files, folder), "more files than are served");
	gw_static_files_free(files);
	gw_static_files_free(NULL);
}

static void
test_tags(void)
{
	static const char *const matching[] = {
		"\"abc\"",		  "W/\"abc\"",	   "*",
		"\"x\", \"abc\"", "\"x\",\"abc\"", "\"a,b\" , W/\"abc\", \"y\"",
	};
	static const char *const other[] = {
		"", "abc", "\"ab\"", "\"abcd\"", "\"x,\"", "\"x", "W/", "\"x\", abc", ", ,", "\"\"abc\"",
	};

	ok(!gw_static_etag_matches(NULL, "\"abc\""), "no header matches nothing");
	for (size_t i = 0; i < sizeof(matching) / sizeof(matching[0]); i++)
		ok(gw_static_etag_matches(matching[i], "\"abc\""), "%s matches", matching[i]);
	for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++)
		ok(!gw_static_etag_matches(other[i], "\"abc\""), "%s does not match", other[i]);
}

int
main(void)
{
	char command[100];

	if (mkdtemp(folder) == NULL)
		return 1;
	test_table();
	test_limits();
	test_tags();
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	if (system(command) != 0)
		return 1;
	return done_testing();
}
